import { expect, test } from 'vitest'

import type { Path, Paths } from '@/api/types'

import { area_um2, contains, type Point } from '../model/geometry'
import { combine, divide, paint, parts } from './combine'
import { knife } from './knife'

const square = (x: number, y: number, side: number): Path => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
const circle = (x: number, y: number, r: number): Path => {
  const k = r * 0.5523
  return [[x + r, y, 0, -k, 0, k], [x, y + r, k, 0, -k, 0], [x - r, y, 0, k, 0, -k], [x, y - r, -k, 0, k, 0]]
}
const ring = (x: number, nodes: number): Path => Array.from({ length: nodes }, (_, index) => {
  const [angle, r] = [(2 * Math.PI * index) / nodes, 5000 + 40 * Math.sin(index / 3)]
  return [x + r * Math.cos(angle), r * Math.sin(angle)]
})

test('union, difference and intersection have the areas that they must', () => {
  const [a, b]: Paths[] = [[square(0, 0, 100)], [square(50, 0, 100)]]
  expect((['union', 'subtract', 'intersect'] as const).map((how) => area_um2(combine(how, a!, b!)))).toEqual([15_000, 5000, 5000])
  expect(combine('subtract', [square(10, 10, 5)], a!)).toEqual([])
})

test('a hole stays a hole, and subtracting from the middle makes one', () => {
  const holed = combine('subtract', [square(0, 0, 100)], [square(40, 40, 20)])
  expect(holed).toHaveLength(2)
  expect(area_um2(combine('union', holed, [square(200, 0, 10)]))).toBe(10_000 - 400 + 100)
})

test('curves that were not cut keep their handles, whichever way round', () => {
  const joined = combine('union', [circle(0, 0, 1000)], [square(900, -100, 300)])
  expect(joined[0]!.filter((node) => node.length === 6)).toHaveLength(3)
  expect(area_um2(combine('union', [circle(0, 0, 1000)], [square(5000, 0, 1)]))).toBeCloseTo(area_um2([circle(0, 0, 1000)]) + 1, 0)
  expect(combine('union', [circle(0, 0, 1000)], [square(5000, 0, 2)]).find((path) => path.length === 4 && path[0]!.length === 6)).toBeDefined()
})

test('a division gives all pieces, which make up the whole', () => {
  const found = divide([square(0, 0, 100)], [square(40, -10, 20).map(([x, y]) => [x, y * 10] as [number, number])])
  expect(found).toHaveLength(3)
  expect(found.reduce((sum, one) => sum + area_um2(one), 0)).toBeCloseTo(10_000, 6)
  expect(area_um2(found[0]!)).toBe(4000)
})

test('parts come one by one with their holes', () => {
  const [large, small] = parts([square(0, 0, 10), square(100, 0, 50), square(110, 10, 20)])
  expect([area_um2(large!), area_um2(small!)]).toEqual([2100, 100])
})

test('the knife cuts in two along the line, and both sides share it', () => {
  const [left, right] = knife([square(0, 0, 100)], [[-10, 50], [50, 50], [60, 60], [110, 60]]) as [Paths, Paths]
  expect(area_um2(left) + area_um2(right)).toBeCloseTo(10_000, 6)
  for (const corner of [[50, 50], [60, 60]]) for (const side of [left, right]) expect(side[0]).toContainEqual(corner)
})

test('the knife cuts through a hole and across bays', () => {
  const holed = knife([square(0, 0, 100), square(40, 40, 20)], [[-10, 50], [110, 50]])
  expect(holed.map(area_um2)).toEqual([4800, 4800])
  expect(holed.map((one) => one.length)).toEqual([1, 1])
  const comb: Path = [[0, 0], [100, 0], [100, 100], [70, 100], [70, 20], [30, 20], [30, 100], [0, 100]]
  expect(knife([comb], [[-10, 60], [110, 60]]).map(area_um2)).toEqual([2000 + 60 * 40, 1200, 1200])
})

test('a hole beside the cut stays with its side', () => {
  const [large, small] = knife([square(0, 0, 100), square(70, 40, 10)], [[30, -10], [30, 110]]) as [Paths, Paths]
  expect([area_um2(large), area_um2(small)]).toEqual([6900, 3000])
  expect(large).toHaveLength(2)
})

test('a line that does not cut through leaves one piece, as it was', () => {
  for (const line of [[[-10, 50], [50, 50]], [[10, 10], [20, 20]], [[200, 0], [200, 9]]] as Point[][]) {
    expect(knife([square(0, 0, 100)], line).map(area_um2)).toEqual([10_000])
  }
  expect(knife([square(0, 0, 100), square(40, 40, 20)], [[-10, 50], [50, 50]]).map(area_um2)).toEqual([9600])
})

test('a stroke on nothing is as long and wide as it was drawn; on a region it adds; erased it takes away', () => {
  const stroke = { points: [[0, 0], [1000, 0]] as Point[], radius_um: 100, erase: false }
  const drawn = paint([], stroke, 0.5)
  expect(area_um2(drawn) / (1000 * 200 + Math.PI * 100 ** 2)).toBeCloseTo(1, 2)
  expect(drawn[0]!.length).toBeLessThan(80)
  const base: Paths = [square(500, -1000, 2000)]
  expect(contains(paint(base, stroke, 0.5), [50, 0])).toBe(true)
  const across = { ...stroke, points: [[0, 0], [3000, 0]] as Point[], erase: true }
  expect(paint(base, across, 0.5)).toHaveLength(2)
  expect(paint([square(0, -10, 20)], across, 0.5)).toEqual([])
})

test('two rings of 20,000 points are one after the union', () => {
  const joined = combine('union', [ring(0, 20_000)], [ring(3000, 20_000)])
  expect(joined).toHaveLength(1)
  expect(area_um2(joined)).toBeGreaterThan(Math.PI * 4900 ** 2)
}, 60_000)
