import { expect, test } from 'vitest'

import { area_um2, type Point } from '../model/geometry'
import { type Gray, traced, wand } from './wand'

/** A dark disk with a bright hole and a dark speck in a corner, on bright glass. */
function picture(): Gray {
  const [width, height] = [200, 160]
  const values = Uint8Array.from({ length: width * height }, (_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)]
    const r = Math.hypot(x - 100, y - 80)
    if (r < 60 && r >= 20) return 90 + ((x * 7 + y * 13) % 9)
    return x > 185 && y > 145 ? 90 : 220
  })
  return { values, width, height }
}

const areaOf = (rings: Point[][]) => area_um2(rings.map((ring) => ring.map(([x, y]) => [x, y] as [number, number])))

test('what hangs together with the place is outlined with its hole', () => {
  const rings = wand(picture(), { at: [60, 80], tolerance: 30, everywhere: false })
  expect(rings).toHaveLength(2)
  expect(areaOf(rings) / (Math.PI * (60 ** 2 - 20 ** 2))).toBeCloseTo(1, 1)
})

test('everywhere takes islands too, and a place outside finds nothing', () => {
  expect(wand(picture(), { at: [60, 80], tolerance: 30, everywhere: true })).toHaveLength(3)
  expect(wand(picture(), { at: [-5, 80], tolerance: 30, everywhere: false })).toEqual([])
})

test('rings along the edges of pixels have the area of the pixels, touching corners or not', () => {
  const mask = Uint8Array.from([1, 1, 0, 1, 1, 0, 0, 0, 1])
  const rings = traced(mask, 3, 3)
  expect(rings).toHaveLength(2)
  expect(areaOf(rings)).toBe(5)
})
