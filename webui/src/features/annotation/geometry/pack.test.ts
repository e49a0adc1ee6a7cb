import { expect, test } from 'vitest'

import type { Paths } from '@/api/types'

import { pack, transferables, unpack } from './pack'

const CORNERS: Paths = [[[0, 0], [10, 0], [10, -0.25]]]
const CURVES: Paths = [[[0, 0, -1, 0, 1, 0], [5, 5], [9, 0, 0, 2, 0, -2.5]], [[1, 1], [2, 1], [2, 2]]]

test.each([
  ['corners', CORNERS],
  ['curves and a hole', CURVES],
  ['a list of outlines', [CORNERS, CURVES]],
  ['an outline of which nothing is left', []],
  ['a line', [[0, 1], [2, 3]]],
  ['a word', 'union'],
  ['a wish', { at: [1, 2], tolerance: 3 }],
  ['nothing', undefined],
])('what is packed is the same after it: %s', (_, value) => {
  expect(unpack(structuredClone(pack(value)))).toEqual(value)
})

test('only outlines are made rows, and all rows can be handed over', () => {
  expect(transferables(pack([CORNERS, CURVES]))).toHaveLength(2)
  expect(transferables(pack([[0, 1], [2, 3]]))).toEqual([])
  expect(transferables(pack(CORNERS))[0]!.byteLength).toBe(8 * (1 + 3 * 3))
})
