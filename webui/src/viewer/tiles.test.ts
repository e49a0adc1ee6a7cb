import { expect, test } from 'vitest'

import type { TilePyramid } from '@/api/types'
import { affineOf, after } from '@/shared/rigid'

import { screenMatrix } from './coordinates'
import { drawable, levelFor, parent, type Tile, tilesInView, tileSize_px } from './tiles'

const levels = [[1000, 700], [500, 350], [250, 175]].map(([width_px, height_px], level) => ({ level, width_px: width_px!, height_px: height_px! }))
const pyramid: TilePyramid = {
  brain: 'B', section: 1, version: 'v', pixel_size_um: 2, tile_size_px: 256, levels, bits_per_sample: 8, black: 0, white: 255,
}
const text = (tiles: readonly Tile[]) => tiles.map(({ level, column, row }) => `${level}:${column},${row}`)
const view = { centre_um: [1000, 700] as const, um_per_px: 2, width_px: 100, height_px: 80 }

test('the level whose pixels are nearest to the screen is taken, within those there are', () => {
  expect([0.1, 2, 2.7, 3, 8, 900].map((um) => levelFor(pyramid, um))).toEqual([0, 0, 0, 1, 2, 2])
})

test('only tiles on screen are asked for, and none beyond the image', () => {
  expect(text(tilesInView(pyramid, 0, screenMatrix(view), 100, 80))).toEqual(['0:1,1', '0:2,1'])
  expect(text(tilesInView(pyramid, 0, screenMatrix({ ...view, um_per_px: 50 }), 100, 80))).toHaveLength(12)
  expect(tilesInView(pyramid, 0, screenMatrix({ ...view, centre_um: [-5000, 0] }), 100, 80)).toEqual([])
})

test('a tile at the edge is image only as far as the image goes', () => {
  expect(tileSize_px(pyramid, { level: 0, column: 3, row: 2 })).toEqual([232, 188])
  expect(tileSize_px(pyramid, { level: 0, column: 0, row: 0 })).toEqual([256, 256])
})

test('a mirrored section shows the tiles of its other side', () => {
  const mirroredAbout = (x_um: number) => after(screenMatrix(view), affineOf({ angle_rad: 0, dx_um: 2 * x_um, dy_um: 0, mirrored: true }))
  expect(text(tilesInView(pyramid, 0, mirroredAbout(1000), 100, 80))).toEqual(['0:1,1', '0:2,1'])
  expect(text(tilesInView(pyramid, 0, mirroredAbout(600), 100, 80))).toEqual(['0:0,1'])
})

test('a tile that is missing is stood for by the nearest coarser one, and the coarsest lies below', () => {
  const wanted = [{ level: 0, column: 0, row: 0 }, { level: 0, column: 1, row: 0 }]
  const have = (...names: string[]) => (tile: Tile) => names.includes(text([tile])[0]!)
  expect(text(drawable(pyramid, wanted, have()))).toEqual([])
  expect(text(drawable(pyramid, wanted, have('2:0,0', '0:1,0')))).toEqual(['2:0,0', '0:1,0'])
  expect(text(drawable(pyramid, wanted, have('2:0,0', '1:0,0', '0:1,0')))).toEqual(['2:0,0', '1:0,0', '0:1,0'])
  expect(parent(pyramid, { level: 2, column: 0, row: 0 })).toBeUndefined()
})
