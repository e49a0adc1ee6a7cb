import { expect, test } from 'vitest'

import type { TissueStroke } from '@/api/types'

import { beyond, changesSince, edited, remade, takenBack } from './strokes'

const stroke = (x: number): TissueStroke => ({ tissue: 'gray matter', radius_um: 100, points: [[x, 0]] })
const [a, b, c, d] = [1, 2, 3, 4].map(stroke) as [TissueStroke, TissueStroke, TissueStroke, TissueStroke]

test('every stroke can be taken back and brought again, also one that came from the shelf', () => {
  const paint = { kind: 'paint', stroke: b } as const
  expect(takenBack(edited([a], paint), structuredClone(paint))).toEqual([a])
  expect(takenBack([a, b, c, structuredClone(b)], paint)).toEqual([a, b, c])
})

test('a stroke that somebody else has cleared cannot be taken back', () => {
  expect(takenBack([a, c], { kind: 'paint', stroke: b })).toBeUndefined()
})

test('clearing can be undone: what was cleared lies below what was painted since', () => {
  const clear = { kind: 'clear', strokes: [a, b] } as const
  expect(edited([a, b], structuredClone(clear))).toEqual([])
  expect(takenBack([c], clear)).toEqual([a, b, c])
  expect(takenBack([a, c], clear)).toEqual([a, b, c]) // a came back by another's hand
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
