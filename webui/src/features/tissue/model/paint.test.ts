import { expect, test } from 'vitest'

import type { RasterGrid, TissueStroke } from '@/api/types'

import { classesOf, paint, pictureOf } from './paint'

const grid: RasterGrid = { pixel_size_um: 10, origin_um: [100, 0], width_px: 12, height_px: 8 }
const stroke = (points: [number, number][], radius_um: number, tissue: TissueStroke['tissue'] = 'gray matter'): TissueStroke => ({ tissue, radius_um, points })
const count = (labels: Uint8Array, value: number) => labels.filter((one) => one === value).length

test('a pixel is painted when its centre is at most the radius from the line', () => {
  const labels = new Uint8Array(96)
  const box = paint(labels, grid, stroke([[125, 35], [175, 35]], 10))
  const painted = [...labels.keys()].filter((index) => labels[index]).map((index) => [index % 12, Math.floor(index / 12)])
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 12; column++) {
      const [x, y] = [105 + 10 * column, 5 + 10 * row]
      const away = Math.hypot(Math.max(125 - x, 0, x - 175), y - 35)
      expect(painted.some(([c, r]) => c === column && r === row)).toBe(away <= 10)
    }
  }
  expect(box).toEqual({ left: 1, top: 2, right: 9, bottom: 5 })
})

test('a brush finer than the raster still leaves a line, and one outside the raster changes nothing', () => {
  const labels = new Uint8Array(96)
  paint(labels, grid, stroke([[100, 42], [220, 42]], 0.1))
  expect(count(labels, 2)).toBeGreaterThanOrEqual(12)
  expect(paint(labels, grid, stroke([[-900, -900]], 30))).toBeUndefined()
})

test('a stroke painted piece by piece is the stroke painted at once', () => {
  const points: [number, number][] = [[110, 12], [150, 61], [204, 9], [199, 70]]
  const [whole, pieces] = [new Uint8Array(96), new Uint8Array(96)]
  paint(whole, grid, stroke(points, 14))
  for (let piece = 1; piece < points.length; piece++) paint(pieces, grid, stroke(points.slice(piece - 1, piece + 1), 14))
  expect(pieces).toEqual(whole)
})

test('classes survive the way to colours and back, and a part is the part of the whole', () => {
  const labels = new Uint8Array(96).map((_, index) => index % 3)
  const all = { left: 0, top: 0, right: 12, bottom: 8 }
  expect(classesOf(pictureOf(labels, grid, all))).toEqual(labels)
  expect(classesOf(pictureOf(labels, grid, { left: 2, top: 1, right: 4, bottom: 2 }))).toEqual(labels.slice(14, 16))
})
