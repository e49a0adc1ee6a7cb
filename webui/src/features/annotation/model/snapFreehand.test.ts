import { expect, test } from 'vitest'

import type { Paths } from '@/api/types'

import type { Outline } from './borders'
import { area_um2, type Point } from './geometry'
import { snappedFreehand } from './snapFreehand'

const NEIGHBOUR: Outline = { uid: 'a', shape: 'region', paths: [[[0, 0], [1000, 0], [1200, 500], [1000, 1000], [0, 1000]]] }
const WAY = { tolerance_um: 4, reach_um: 40, corners: false }

/** Points every 10 µm along these corners. */
const along = (...corners: Point[]): Point[] => corners.slice(1).flatMap(([x, y], at) => {
  const [px, py] = corners[at]!
  const steps = Math.ceil(Math.hypot(x - px, y - py) / 10)
  return Array.from({ length: steps }, (_, step): Point => [px + ((x - px) * step) / steps, py + ((y - py) * step) / steps])
})
const TRAIL = along([1500, 100], [1060, 80], [1220, 500], [1020, 990], [1500, 950], [1500, 110])

test('a trail along a neighbour takes over its nodes and shares them', () => {
  const path = snappedFreehand([NEIGHBOUR], TRAIL, WAY)!
  expect(path.map(([x, y]) => [x, y])).toContainEqual([1200, 500])
  const both: Paths = [path]
  expect(area_um2(both)).toBeGreaterThan(250_000)
  for (const [x, y] of path) expect(x + 1e-6).toBeGreaterThanOrEqual(y < 500 ? 1000 + y * 0.4 - 0.02 : 1400 - y * 0.4 - 0.02) // never inside the neighbour
})

test('wherever the trail begins, the outline is the same', () => {
  const turned = [...TRAIL.slice(90), ...TRAIL.slice(0, 90)]
  const [one, other] = [TRAIL, turned].map((trail) => area_um2([snappedFreehand([NEIGHBOUR], trail, WAY)!]))
  expect(Math.abs(one! - other!)).toBeLessThan(3000)
})

test('far from all borders, and without curves, it is as drawn', () => {
  const far = along([3000, 0], [4000, 0], [4000, 1000], [3000, 1000], [3000, 0])
  expect(area_um2([snappedFreehand([NEIGHBOUR], far, WAY)!])).toBeCloseTo(1e6, -5)
  expect(snappedFreehand([NEIGHBOUR], TRAIL, { ...WAY, corners: true })!.every((node) => node.length === 2)).toBe(true)
  expect(snappedFreehand([NEIGHBOUR], far.slice(0, 2), WAY)).toBeUndefined()
})
