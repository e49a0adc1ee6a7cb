import { expect, test } from 'vitest'

import { freehandPath, polygonClick, polygonKey } from './drawing'
import type { Point } from './geometry'

const three: Point[] = [[0, 0], [100, 0], [0, 100]]

test('clicks add nodes, and a click near the first closes the polygon', () => {
  expect(polygonClick(three, [50, 60], 5).draft).toHaveLength(4)
  expect(polygonClick(three, [3, 3], 5)).toEqual({ draft: [], finished: [[0, 0], [100, 0], [0, 100]] })
})

test('a polygon of two nodes cannot close', () => {
  expect(polygonClick(three.slice(0, 2), [1, 1], 5).finished).toBeUndefined()
  expect(polygonKey(three.slice(0, 2), 'Enter')).toEqual({ draft: three.slice(0, 2) })
})

test('Backspace takes the last node back, Escape drops the draft, other keys pass', () => {
  expect(polygonKey(three, 'Backspace')!.draft).toHaveLength(2)
  expect(polygonKey(three, 'Escape')!.draft).toEqual([])
  expect(polygonKey(three, 'a')).toBeUndefined()
  expect(polygonKey([], 'Escape')).toBeUndefined()
})

test('a freehand trail becomes a path with few nodes, a twitch becomes nothing', () => {
  const trail = Array.from({ length: 361 }, (_, degree): Point => {
    const angle = (degree * Math.PI) / 180
    return [1000 * Math.cos(angle), 1000 * Math.sin(angle)]
  })
  const corners = freehandPath(trail, 10, true)!
  expect(corners.length).toBeGreaterThan(8)
  expect(corners.length).toBeLessThan(60)
  const curves = freehandPath(trail, 10)!
  expect(curves.length).toBeLessThan(corners.length)
  expect(curves.every((node) => node.length === 6)).toBe(true)
  expect(freehandPath([[0, 0], [1, 1], [2, 0]], 10)).toBeUndefined()
})
