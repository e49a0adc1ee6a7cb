import { expect, test } from 'vitest'

import type { TissueStroke } from '@/api/types'

import { beyond, changesSince, cleared, openSheet, painted, redone, remade, undone } from './strokes'

const stroke = (x: number): TissueStroke => ({ tissue: 'gray matter', radius_um: 100, points: [[x, 0]] })
const [a, b, c, d] = [1, 2, 3, 4].map(stroke) as [TissueStroke, TissueStroke, TissueStroke, TissueStroke]

test('every stroke can be taken back and brought again, and a new one ends the way forward', () => {
  const two = painted(painted(openSheet([a]), b), c)
  expect(undone(two).strokes).toEqual([a, b])
  expect(redone(undone(two)).strokes).toEqual([a, b, c])
  expect(painted(undone(two), d).future).toEqual([])
  expect(undone(openSheet([a])).strokes).toEqual([a]) // what was painted before belongs to its own session
})

test('clearing can be undone: what was cleared lies below what was painted since', () => {
  const after = painted(cleared(painted(openSheet([a]), b)), c)
  expect(after.strokes).toEqual([c])
  expect(undone(undone(after)).strokes).toEqual([a, b])
  expect(redone(undone(undone(after))).strokes).toEqual([])
})

test('somebody was faster: my strokes go on top of theirs, and what I took away stays away', () => {
  expect(remade([a, d], changesSince([a], [a, b, c]))).toEqual([a, d, b, c])
  expect(remade([a, b, d], changesSince([a, b], []))).toEqual([d])
})

test('a save whose answer was lost is not made twice', () => {
  expect(remade([a, b], changesSince([a], [a, b]))).toEqual([a, b])
  expect(remade([a, b], changesSince([a], [a, structuredClone(b), c]))).toEqual([a, b, c])
})

test('only strokes beyond those in the raster are painted on it', () => {
  expect(beyond([a], [a, b, c])).toEqual([b, c])
  expect(beyond([a, b], [a, b])).toEqual([])
  expect(beyond([a, b], [a])).toBeUndefined()
  expect(beyond([a, b], [a, c, b])).toBeUndefined()
})
