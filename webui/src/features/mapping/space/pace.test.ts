import { expect, it } from 'vitest'

import type { Level } from '../model/mesh'

import { createPace } from './pace'

const LEVELS: Level[] = [[3_000_000, 0], [800_000, 0.64], [200_000, 1.28], [50_000, 2.56]]
  .map(([count, cell_mm]) => ({ triangles: { length: 3 * count! } as Uint32Array, cell_mm: cell_mm! }))
const FAR_MM = 0.5 // a pixel
const NEAR_MM = 0.1

it('draws a coarse picture first, and all of it once that was quick', () => {
  const pace = createPace(LEVELS)
  expect(pace.moving()).toBe(2)
  pace.took(2, 3)
  expect([pace.moving(), pace.still(FAR_MM)]).toEqual([0, 0])
})

it('keeps to what the graphics can while it moves, and draws all of it once it stands', () => {
  const pace = createPace(LEVELS)
  pace.took(0, 300)
  expect([pace.moving(), pace.still(FAR_MM)]).toEqual([2, 0])
})

it('leaves out what is finer than a pixel or two where the graphics are very slow, but nothing that is seen', () => {
  const pace = createPace(LEVELS)
  pace.took(2, 500)
  expect([pace.moving(), pace.still(FAR_MM), pace.still(NEAR_MM)]).toEqual([3, 1, 0])
})

it('draws the only level of a small surface, however slow it is', () => {
  const pace = createPace(LEVELS.slice(3))
  pace.took(0, 900)
  expect([pace.moving(), pace.still(FAR_MM)]).toEqual([0, 0])
})
