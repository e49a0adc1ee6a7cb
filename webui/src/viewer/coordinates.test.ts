import { expect, test } from 'vitest'

import {
  readView, screenMatrix, screenToUm, umPerPxToZoom, umToScreen, umToViewport, type View, viewportToUm, writeView, zoomToUmPerPx,
} from './coordinates'

const view: View = { centre_um: [41_200, 18_700], um_per_px: 16, width_px: 1000, height_px: 600 }

test('the centre of the view is the middle of the screen', () => {
  expect(umToScreen(view, view.centre_um)).toEqual([500, 300])
})

test('µm and screen are inverse', () => {
  const [x, y] = screenToUm(view, umToScreen(view, [123.25, 90_000.5]))
  expect(x).toBeCloseTo(123.25, 6)
  expect(y).toBeCloseTo(90_000.5, 6)
})

test('the canvas matrix maps as umToScreen does', () => {
  const [a, , , d, e, f] = screenMatrix(view)
  const [x, y] = umToScreen(view, [40_000, 20_000])
  expect(a * 40_000 + e).toBeCloseTo(x, 9)
  expect(d * 20_000 + f).toBeCloseTo(y, 9)
})

test('a turned view turns clockwise about the middle, and back', () => {
  const turned = { ...view, turn_rad: Math.PI / 2 }
  const right = umToScreen(turned, [view.centre_um[0] + 160, view.centre_um[1]])
  expect(right.map(Math.round)).toEqual([500, 310])
  const [x, y] = screenToUm(turned, umToScreen(turned, [123.25, 90_000.5]))
  expect([x, y]).toEqual([expect.closeTo(123.25, 6), expect.closeTo(90_000.5, 6)])
  const [a, b, c, d, e, f] = screenMatrix(turned)
  const [sx, sy] = umToScreen(turned, [40_000, 20_000])
  expect([a * 40_000 + c * 20_000 + e, b * 40_000 + d * 20_000 + f]).toEqual([expect.closeTo(sx, 6), expect.closeTo(sy, 6)])
})

test('zoom and µm per pixel are inverse, and so are viewport and µm', () => {
  expect(zoomToUmPerPx(umPerPxToZoom(3.7, 913), 913)).toBeCloseTo(3.7, 9)
  expect(viewportToUm(umToViewport([1234, 99]))).toEqual([1234, 99])
})

test('an address brings back the view, and nonsense in an address is ignored', () => {
  expect(readView(writeView(view))).toEqual({ centre_um: [41_200, 18_700], um_per_px: 16 })
  const turned = { centre_um: [41_200, 18_700] as const, um_per_px: 16, turn_rad: -Math.PI / 12 }
  expect(writeView(turned)).toBe('41200,18700,16,345')
  expect(writeView(readView('41200,18700,16,345')!)).toBe('41200,18700,16,345')
  expect(writeView({ ...turned, turn_rad: 2 * Math.PI })).toBe('41200,18700,16')
  expect(['', 'a,b,c', '1,2', '1,2,0', '1,2,-3', '1,2,Infinity', '1,2,3,x', undefined].map(readView)).toEqual(Array(8).fill(undefined))
})
