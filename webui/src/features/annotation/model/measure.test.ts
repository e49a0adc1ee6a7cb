import { expect, test } from 'vitest'

import { measureWords } from './measure'

test('a length has its unit, and three points enclose an area', () => {
  expect(measureWords([[0, 0], [30, 40]])).toBe('50.0 µm')
  expect(measureWords([[0, 0], [3000, 4000]])).toBe('5.000 mm')
  expect(measureWords([[0, 0], [1000, 0], [1000, 1000]])).toBe('2.000 mm, closed 0.500 mm²')
})
