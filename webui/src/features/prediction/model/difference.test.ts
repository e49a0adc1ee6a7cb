import { expect, test } from 'vitest'

import type { RasterGrid } from '@/api/types'

import { covering, difference, DIFFERENCE_COLOURS, differenceWords } from './difference'

const grid: RasterGrid = { origin_um: [1000, 2000], pixel_size_um: 100, width_px: 2, height_px: 1 }

test('a grid grows by whole pixels to cover an annotation beyond it, and only then', () => {
  expect(covering(grid, [[1050, 2000], [1200, 2100]])).toEqual({ grid, left_px: 0, top_px: 0 })
  const grown = covering(grid, [[950, 1700], [1350, 2050]])
  expect(grown).toEqual({ grid: { ...grid, origin_um: [900, 1700], width_px: 5, height_px: 4 }, left_px: 1, top_px: 3 })
})

test('each pixel is in both, in one, or in none; an annotation outside of what was predicted counts', () => {
  const grown = covering(grid, [[900, 2000], [1300, 2100]])
  const { picture, shares } = difference(Uint8Array.of(3, 3), grid, Uint8Array.of(1, 1, 0, 0), grown)
  const colours = [0, 1, 2, 3].map((at) => [...picture.slice(4 * at, 4 * at + 4)])
  const opaque = (kind: keyof typeof DIFFERENCE_COLOURS) => [...DIFFERENCE_COLOURS[kind], 255]
  expect(colours).toEqual([opaque('annotated'), opaque('both'), opaque('predicted'), [0, 0, 0, 0]])
  for (const share of Object.values(shares)) expect(share).toBeCloseTo(0.01, 9)
})

test('other classes and what was not predicted are not the area', () => {
  const { shares } = difference(Uint8Array.of(2, 255), grid, Uint8Array.of(0, 1), covering(grid, [[1000, 2000], [1200, 2100]]))
  expect([shares.both_mm2, shares.predicted_mm2]).toEqual([0, 0])
  expect(shares.annotated_mm2).toBeCloseTo(0.01, 9)
})

test('the difference is said with its shares and F1', () => {
  const { f1, parts } = differenceWords({ both_mm2: 3, predicted_mm2: 1, annotated_mm2: 0 })
  expect(f1).toBe('F1 0.86')
  expect(parts.map(({ title, words }) => `${title} ${words}`)).toEqual(
    ['agree 75 %, 3.00 mm²', 'only prediction 25 %, 1.00 mm²', 'only annotation 0 %, 0.00 mm²'],
  )
})
