/** Which tiles of a section to draw when it lies turned, mirrored and shifted on the screen. Pure. */
import type { TilePyramid } from '@/api/types'
import { type Affine, invertAffine, map } from '@/shared/rigid'

export interface Tile {
  level: number
  column: number
  row: number
}

/** Tiles per side that a level has. */
function gridOf(pyramid: TilePyramid, level: number): readonly [columns: number, rows: number] {
  const { width_px, height_px } = pyramid.levels.find((one) => one.level === level)!
  return [Math.ceil(width_px / pyramid.tile_size_px), Math.ceil(height_px / pyramid.tile_size_px)]
}

/** Every level halves the one before, so a tile of level k covers 2^k times as much as one of full resolution. */
export const tileSide_um = (pyramid: TilePyramid, level: number): number => pyramid.tile_size_px * pyramid.pixel_size_um * 2 ** level

/** The part of a tile that is image: those at the right and lower edge may be filled up beyond it. */
export function tileSize_px(pyramid: TilePyramid, { level, column, row }: Tile): readonly [width: number, height: number] {
  const { width_px, height_px } = pyramid.levels.find((one) => one.level === level)!
  const side = pyramid.tile_size_px
  return [Math.min(side, width_px - column * side), Math.min(side, height_px - row * side)]
}

export const coarsest = (pyramid: TilePyramid): number => Math.max(...pyramid.levels.map((one) => one.level))

/** The level whose pixels are nearest in size to those of the screen. `um_per_px` counts device pixels. */
export function levelFor(pyramid: TilePyramid, um_per_px: number): number {
  const wanted = Math.round(Math.log2(um_per_px / pyramid.pixel_size_um))
  return Math.min(Math.max(wanted, 0), coarsest(pyramid))
}

/** The tiles of a level that the screen shows; `toScreen` maps the section's µm to CSS pixels of a screen of this size. */
export function tilesInView(pyramid: TilePyramid, level: number, toScreen: Affine, width_px: number, height_px: number): Tile[] {
  const back = invertAffine(toScreen)
  const corners = ([[0, 0], [width_px, 0], [0, height_px], [width_px, height_px]] as const).map((corner) => map(back, corner))
  const side = tileSide_um(pyramid, level)
  const range = (axis: 0 | 1, count: number): readonly [number, number] => {
    const places = corners.map((corner) => corner[axis])
    return [Math.max(0, Math.floor(Math.min(...places) / side)), Math.min(count - 1, Math.floor(Math.max(...places) / side))]
  }
  const [columns, rows] = gridOf(pyramid, level)
  const [[left, right], [top, bottom]] = [range(0, columns), range(1, rows)]
  const tiles: Tile[] = []
  for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) tiles.push({ level, column, row })
  return tiles
}

/** The tile of the next coarser level that holds this one, or undefined at the coarsest. */
export const parent = (pyramid: TilePyramid, { level, column, row }: Tile): Tile | undefined =>
  level < coarsest(pyramid) ? { level: level + 1, column: column >> 1, row: row >> 1 } : undefined

/**
 * What to draw now of the wanted tiles, coarse ones first: each that is there, or the nearest coarser one for it. The coarsest
 * tiles lie below all, so that nothing shines through between turned tiles.
 */
export function drawable(pyramid: TilePyramid, wanted: readonly Tile[], there: (tile: Tile) => boolean): Tile[] {
  const found = new Map<string, Tile>()
  const add = (tile: Tile) => void found.set(`${tile.level}/${tile.column}/${tile.row}`, tile)
  for (const tile of wanted) {
    let last: Tile | undefined
    for (let next: Tile | undefined = tile; next; next = parent(pyramid, next)) {
      if (!there(next)) continue
      if (!last) add(next)
      last = next
    }
    if (last) add(last)
  }
  return [...found.values()].sort((a, b) => b.level - a.level)
}
