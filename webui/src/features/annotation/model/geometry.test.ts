import { expect, test } from 'vitest'

import type { Path, PathPoint, Paths } from '@/api/types'

import { insertNode, moveHandle, moveNode, removeNode } from './edits'
import { area_um2, bounds_um, contains, ring, simplify } from './geometry'
import { hitOutline, hitRegion } from './hit'

const square = (x: number, y: number, side: number): Path => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
// Four Bezier nodes approximate a circle of radius r to 0.03 %.
const circle = (r: number): Path => {
  const k = r * 0.5523
  return [[r, 0, 0, -k, 0, k], [0, r, k, 0, -k, 0], [-r, 0, 0, k, 0, -k], [0, -r, -k, 0, k, 0]]
}

test('a ring inside is a hole, a ring inside the hole counts again', () => {
  const paths: Paths = [square(0, 0, 100), square(10, 10, 50), square(20, 20, 10)]
  expect(area_um2(paths)).toBe(10_000 - 2500 + 100)
  expect([[5, 5], [15, 15], [25, 25], [200, 5]].map((p) => contains(paths, p as [number, number]))).toEqual([true, false, true, false])
})

test('a circle of Bezier nodes has the area of a circle', () => {
  expect(area_um2([circle(1000)]) / (Math.PI * 1e6)).toBeCloseTo(1, 2)
  expect(bounds_um([circle(1000)])[1][0]).toBeCloseTo(1000, 0)
})

test('a node inserted on a curve leaves the outline where it was', () => {
  const before = area_um2([circle(1000)])
  const after = insertNode([circle(1000)], { path: 0, node: 3 }, 0.3)
  expect(after[0]).toHaveLength(5)
  expect(area_um2(after) / before).toBeCloseTo(1, 3)
})

test('a node inserted on a straight edge lies on it', () => {
  expect(insertNode([square(0, 0, 100)], { path: 0, node: 3 }, 0.25)[0]!.at(-1)).toEqual([0, 75])
})

test('moving a node keeps its handles, and the paths given are not changed', () => {
  const paths = [circle(1000)]
  const moved = moveNode(paths, { path: 0, node: 0 }, [1500, 20])
  expect(moved[0]![0]!.slice(0, 2)).toEqual([1500, 20])
  expect(moved[0]![0]!.slice(2)).toEqual(paths[0]![0]!.slice(2))
  expect(paths[0]![0]![0]).toBe(1000)
})

test('moving one handle turns the other one along and keeps its length', () => {
  const node: PathPoint = [0, 0, -10, 0, 20, 0]
  const moved = moveHandle([[node, [100, 0], [100, 100]]], { path: 0, node: 0 }, 'out', [0, 30])[0]![0]!
  expect(moved).toEqual([0, 0, -0, -10, 0, 30])
})

test('a path with fewer than three nodes is gone', () => {
  const triangle: Path = [[0, 0], [1, 0], [0, 1]]
  expect(removeNode([square(0, 0, 10)], { path: 0, node: 1 })[0]).toHaveLength(3)
  expect(removeNode([triangle], { path: 0, node: 1 })).toEqual([])
})

test('simplifying keeps the ends and what lies beyond the tolerance', () => {
  const wavy = Array.from({ length: 101 }, (_, x): [number, number] => [x, x === 50 ? 8 : Math.sin(x) * 0.4])
  const kept = simplify(wavy, 1)
  expect(kept[0]).toEqual(wavy[0])
  expect(kept).toContainEqual([50, 8])
  expect(kept.length).toBeLessThan(10)
})

test('nodes are hit before edges, edges by the share along them', () => {
  const paths = [square(0, 0, 100)]
  expect(hitOutline(paths, [98, 3], 5)).toEqual({ kind: 'node', ref: { path: 0, node: 1 } })
  expect(hitOutline(paths, [50, 3], 5)).toEqual({ kind: 'edge', ref: { path: 0, node: 0 }, t: 0.5 })
  expect(hitOutline(paths, [50, 50], 5)).toBeUndefined()
})

test('the topmost region under the point is hit, its hole is not', () => {
  const below = { uid: 'below', paths: [square(0, 0, 100)] }
  const above = { uid: 'above', paths: [square(0, 0, 50), square(10, 10, 20)] }
  expect(hitRegion([below, above], [5, 5], 1)?.uid).toBe('above')
  expect(hitRegion([below, above], [20, 20], 1)?.uid).toBe('below')
})

test('a ring is closed without repeating its first point', () => {
  expect(ring(square(0, 0, 1))).toHaveLength(4)
})
