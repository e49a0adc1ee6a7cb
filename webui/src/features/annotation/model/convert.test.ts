import { expect, test } from 'vitest'

import type { Path } from '@/api/types'

import { simplified, toBezier, toPolygon } from './convert'
import { area_um2 } from './geometry'

const k = 1000 * 0.5523
const circle: Path = [[1000, 0, 0, -k, 0, k], [0, 1000, k, 0, -k, 0], [-1000, 0, 0, k, 0, -k], [0, -1000, -k, 0, k, 0]]
const around: Path = Array.from({ length: 500 }, (_, index) => [1000 * Math.cos((Math.PI * index) / 250), 1000 * Math.sin((Math.PI * index) / 250)])

test('curves become corners and corners curves, and the area stays', () => {
  const polygon = toPolygon([circle], true, 5)
  expect(polygon[0]!.every((node) => node.length === 2)).toBe(true)
  expect(area_um2(polygon) / area_um2([circle])).toBeCloseTo(1, 2)
  const bezier = toBezier([around], true, 2)
  expect(bezier[0]!.length).toBeLessThan(12)
  expect(area_um2(bezier) / area_um2([around])).toBeCloseTo(1, 2)
})

test('simplifying takes nodes away and keeps a polygon a polygon', () => {
  const fewer = simplified([around], true, 5)
  expect(fewer[0]!.length).toBeLessThan(60)
  expect(fewer[0]!.every((node) => node.length === 2)).toBe(true)
  expect(area_um2(fewer) / area_um2([around])).toBeCloseTo(1, 1)
})

test('an open line keeps its ends', () => {
  const line: Path = [[0, 0], [50, 1], [100, 0], [200, 100]]
  expect(toPolygon([line], false, 3)[0]).toEqual([[0, 0], [100, 0], [200, 100]])
})
