import OpenSeadragon from 'openseadragon'

import type { TilePyramid } from '@/api/types'

/** Address of one tile; `level` counts as in the API, 0 is full resolution. */
export function tileUrl(pyramid: TilePyramid, level: number, column: number, row: number): string {
  return `/api/brains/${pyramid.brain}/sections/${pyramid.section}/tiles/${pyramid.version}/${level}/${column}/${row}`
}

/** A section as the library wants it: its levels count from the coarsest, ours from full resolution. */
export function tileSource(pyramid: TilePyramid): OpenSeadragon.TileSource {
  const levels = [...pyramid.levels].sort((a, b) => a.level - b.level)
  const coarsest = levels.length - 1
  const level = (theirs: number) => levels[coarsest - theirs]!
  const source = new OpenSeadragon.TileSource({
    width: levels[0]!.width_px,
    height: levels[0]!.height_px,
    tileWidth: pyramid.tile_size_px,
    tileHeight: pyramid.tile_size_px,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: coarsest,
  })
  source.getTileUrl = (theirs: number, column: number, row: number) => tileUrl(pyramid, level(theirs).level, column, row)
  // The library would round level sizes up; the pyramid says what there is.
  source.getNumTiles = (theirs: number) => {
    const { width_px, height_px } = level(theirs)
    return new OpenSeadragon.Point(Math.ceil(width_px / pyramid.tile_size_px), Math.ceil(height_px / pyramid.tile_size_px))
  }
  return source
}
