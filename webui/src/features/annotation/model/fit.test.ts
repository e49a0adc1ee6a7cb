import { expect, test } from 'vitest'

import { fit } from './fit'
import { area_um2, type Point, ring, segment } from './geometry'

const circle = (r: number, count: number): Point[] =>
  Array.from({ length: count }, (_, index) => [r * Math.cos((2 * Math.PI * index) / count), r * Math.sin((2 * Math.PI * index) / count)])

test('a drawn circle becomes a few Bezier nodes that lie on it', () => {
  const path = fit(circle(1000, 360), 2, true)
  expect(path.length).toBeLessThanOrEqual(8)
  expect(path.every((node) => node.length === 6)).toBe(true)
  for (const point of ring(path)) expect(Math.abs(Math.hypot(...point) - 1000)).toBeLessThan(2.5)
  expect(area_um2([path]) / (Math.PI * 1000 ** 2)).toBeCloseTo(1, 2)
})

test('an open wave keeps its ends and stays within the tolerance', () => {
  const wave: Point[] = Array.from({ length: 400 }, (_, x) => [x * 10, 300 * Math.sin(x / 30)])
  const path = fit(wave, 3, false)
  expect(path[0]!.slice(0, 2)).toEqual([0, 0])
  expect(path.at(-1)!.slice(0, 2)).toEqual([3990, Math.round(30_000 * Math.sin(399 / 30)) / 100])
  expect(path.length).toBeLessThan(30)
  const points = path.slice(1).flatMap((node, index) => segment(path[index]!, node))
  for (const [x, y] of points) expect(Math.abs(y - 300 * Math.sin(x / 300))).toBeLessThan(5)
})

test('corners stay within the tolerance', () => {
  const square: Point[] = [[0, 0], [500, 0], [1000, 0], [1000, 1000], [0, 1000]]
  expect(area_um2([fit(square, 1, true)]) / 1e6).toBeCloseTo(1, 0)
  expect(fit([[0, 0], [10, 0], [10, 0], [5, 5]], 1, true).length).toBeGreaterThanOrEqual(3)
})
