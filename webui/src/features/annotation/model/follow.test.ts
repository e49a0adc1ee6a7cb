import { expect, test } from 'vitest'

import type { Outline } from './borders'
import { followed } from './follow'

const LEFT: Outline = { uid: 'left', shape: 'region', paths: [[[0, 0], [100, 0], [120, 50], [100, 100], [0, 100]]] }

test('between two places on a border its nodes are taken over, the shorter way', () => {
  expect(followed([LEFT], [[200, 0], [200, 100], [100, 100], [100, 0]], true)).toEqual([[200, 0], [200, 100], [100, 100], [120, 50], [100, 0]])
  expect(followed([LEFT], [[100, 0], [100, 100], [200, 100], [200, 0]], true)).toEqual([[100, 0], [120, 50], [100, 100], [200, 100], [200, 0]])
})

test('an open path does not follow from its end to its beginning', () => {
  expect(followed([LEFT], [[100, 0], [200, 0], [200, 100], [100, 100]], false)).toHaveLength(4)
  expect(followed([LEFT], [[100, 0], [200, 0], [200, 100], [100, 100]], true)).toHaveLength(5)
})

test('a border of curves is taken over with its handles, turned round', () => {
  const curved: Outline = { uid: 'curved', shape: 'region', paths: [[[0, 0], [100, 0, 0, 0, 20, 30], [100, 100, 20, -30, 0, 0], [0, 100]]] }
  expect(followed([curved], [[200, 0], [200, 100], [100, 100], [100, 0]], true)).toEqual([
    [200, 0], [200, 100], [100, 100, 0, 0, 20, -30], [100, 0, 20, 30, 0, 0],
  ])
})

test('places on different regions are joined straight', () => {
  const other: Outline = { uid: 'other', shape: 'region', paths: [[[300, 0], [400, 0], [400, 100]]] }
  expect(followed([LEFT, other], [[100, 0], [300, 0], [200, 300]], true)).toEqual([[100, 0], [300, 0], [200, 300]])
})
