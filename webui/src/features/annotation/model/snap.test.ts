import { expect, test } from 'vitest'

import { bordering, snap } from './snap'
import type { Outline } from './borders'

const SQUARE: Outline = { uid: 'square', shape: 'region', paths: [[[0, 0], [100, 0], [100, 100], [0, 100]]] }

test('a node within reach catches before an edge that is nearer', () => {
  expect(snap([SQUARE], [104, 6], 8)).toEqual([100, 0])
})

test('an edge within reach catches at its nearest place', () => {
  expect(snap([SQUARE], [104, 40], 8)).toEqual([100, 40])
})

test('beyond reach, and on lines, nothing catches', () => {
  expect(snap([SQUARE], [109, 40], 8)).toBeUndefined()
  expect(snap([{ ...SQUARE, shape: 'line' }], [104, 40], 8)).toBeUndefined()
})

test('a path that touches a region gives it nodes where they touch', () => {
  const changed = bordering([SQUARE], [[100, 30], [200, 30], [200, 70], [100, 70]])
  expect(changed.get('square')![0]).toEqual([[0, 0], [100, 0], [100, 30], [100, 70], [100, 100], [0, 100]])
})
