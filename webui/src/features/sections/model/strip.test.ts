import { expect, test } from 'vitest'

import { framesInView } from './strip'

test('of thousands of frames only those in view and a few beside are there', () => {
  expect(framesInView(78_000, 1404, 78, 7404)).toEqual([996, 1022])
})

test('at its ends the strip has no frames that do not exist', () => {
  expect(framesInView(0, 1404, 78, 7404)).toEqual([0, 22])
  expect(framesInView(576_000, 1404, 78, 7404)).toEqual([7380, 7404])
  expect(framesInView(0, 1404, 78, 3)).toEqual([0, 3])
  expect(framesInView(500, 1404, 78, 0)).toEqual([0, 0])
})
