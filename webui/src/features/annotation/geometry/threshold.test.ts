import { expect, test } from 'vitest'

import { dividing, threshold } from './threshold'
import type { Gray } from './wand'

const SIDE = 120
/** Bright glass with dark boxes: [left, top, right, bottom, gray]. */
function picture(...boxes: [number, number, number, number, number][]): Gray {
  const values = new Uint8Array(SIDE * SIDE).fill(240)
  for (const [left, top, right, bottom, gray] of boxes) for (let y = top; y < bottom; y++) values.fill(gray, y * SIDE + left, y * SIDE + right)
  return { values, width: SIDE, height: SIDE }
}
const PLAIN = { level: 128, brighter: false, close_px: 0, open_px: 0 }
const sizes = (rings: readonly (readonly (readonly [number, number])[])[]) => rings.map((ring) => Math.abs(ring.reduce((sum, [x, y], at) => {
  const [px, py] = ring.at(at - 1)!
  return sum + (px * y - py * x) / 2
}, 0))).sort((a, b) => a - b)

test('all that is darker is outlined, and what is brighter than the threshold is not', () => {
  const found = threshold(picture([10, 10, 40, 40, 60], [60, 60, 100, 100, 60], [60, 10, 90, 40, 180]), PLAIN)
  expect(sizes(found).map((size) => Math.round(size / 100))).toEqual([9, 16])
  expect(threshold(picture([10, 10, 40, 40, 60]), { ...PLAIN, level: 200, brighter: true }).length).toBe(2) // the glass, with a hole
})

test('closing fills narrow gaps, opening cuts thin bridges', () => {
  const apart = picture([10, 10, 40, 60, 60], [46, 10, 80, 60, 60])
  expect([0, 4].map((close_px) => threshold(apart, { ...PLAIN, close_px }).length)).toEqual([2, 1])
  const bridged = picture([10, 10, 40, 60, 60], [40, 30, 60, 36, 60], [60, 10, 90, 60, 60])
  expect([0, 4].map((open_px) => threshold(bridged, { ...PLAIN, open_px }).length)).toEqual([1, 2])
})

test('the first threshold divides dark from bright, of what is section', () => {
  const seen = picture([10, 10, 60, 60, 60], [60, 60, 90, 90, 70])
  expect(dividing(seen)).toBe(70)
  const half = picture([0, 0, SIDE / 2, SIDE, 0], [SIDE / 2, 0, SIDE, SIDE / 2, 180])
  expect(dividing({ ...half, shown: half.values.map((value) => (value ? 1 : 0)) })).toBe(180)
  expect(threshold(seen, { ...PLAIN, level: dividing(seen) }).length).toBe(2)
})

test('where there is no section nothing is outlined, dark as it may look', () => {
  const half = picture([0, 0, SIDE, SIDE, 60])
  const shown = half.values.map((_, at) => (at % SIDE < SIDE / 2 ? 1 : 0))
  expect(sizes(threshold({ ...half, shown }, PLAIN))).toEqual([(SIDE * SIDE) / 2])
})
