/** A prediction against the annotation of its area, pixel by pixel. */
import type { RasterGrid } from '@/api/types'
import { percent } from '@/shared/format'

import { AREA_CLASS, type Rgb } from './colourise'

/** Told apart without red against green: blue-green, orange, violet. */
export const DIFFERENCE_COLOURS = { both: [0, 158, 115], predicted: [230, 120, 0], annotated: [160, 70, 200] } as const satisfies Record<string, Rgb>

/** How much of the area is in both, in the prediction only, in the annotation only, in mm². */
export interface Shares {
  both_mm2: number
  predicted_mm2: number
  annotated_mm2: number
}

/** The grid grown by whole pixels until it covers the bounds, and by how many on the left and on the top. */
export function covering(grid: RasterGrid, [[left, top], [right, bottom]]: readonly [readonly [number, number], readonly [number, number]]) {
  const { origin_um: [x, y], pixel_size_um: size } = grid
  const more = (um: number) => Math.max(0, Math.ceil(um / size))
  const [left_px, top_px] = [more(x - left), more(y - top)]
  const [right_px, bottom_px] = [more(right - x - grid.width_px * size), more(bottom - y - grid.height_px * size)]
  const grown: RasterGrid = {
    ...grid,
    origin_um: [x - left_px * size, y - top_px * size],
    width_px: grid.width_px + left_px + right_px,
    height_px: grid.height_px + top_px + bottom_px,
  }
  return { grid: grown, left_px, top_px }
}

/** Both as a picture (RGBA) on the annotation's grid and in figures. `labels` holds class numbers on `of`, `annotated` 0 or 1 on the grown grid. */
export function difference(labels: Uint8Array, of: RasterGrid, annotated: Uint8Array, { grid, left_px, top_px }: ReturnType<typeof covering>) {
  const picture = new Uint8ClampedArray(4 * annotated.length)
  const pixels = { both: 0, predicted: 0, annotated: 0 }
  for (let index = 0; index < annotated.length; index++) {
    const [x, y] = [(index % grid.width_px) - left_px, Math.floor(index / grid.width_px) - top_px]
    const predicted = x >= 0 && y >= 0 && x < of.width_px && y < of.height_px && labels[y * of.width_px + x] === AREA_CLASS
    if (!predicted && !annotated[index]) continue
    const kind = !predicted ? 'annotated' : annotated[index] ? 'both' : 'predicted'
    pixels[kind] += 1
    picture.set([...DIFFERENCE_COLOURS[kind], 255], 4 * index)
  }
  const mm2 = (grid.pixel_size_um / 1000) ** 2
  const shares: Shares = { both_mm2: pixels.both * mm2, predicted_mm2: pixels.predicted * mm2, annotated_mm2: pixels.annotated * mm2 }
  return { picture, shares }
}

/** The three parts of what either calls the area, and F1 between them. */
export function differenceWords({ both_mm2, predicted_mm2, annotated_mm2 }: Shares) {
  const all = both_mm2 + predicted_mm2 + annotated_mm2
  const f1 = all ? (2 * both_mm2) / (2 * both_mm2 + predicted_mm2 + annotated_mm2) : 1
  const words = (mm2: number) => `${percent(all ? mm2 / all : 0)}, ${mm2.toFixed(2)} mm²`
  return {
    f1: `F1 ${f1.toFixed(2)}`,
    parts: [
      { name: 'both', title: 'agree', words: words(both_mm2) },
      { name: 'predicted', title: 'only prediction', words: words(predicted_mm2) },
      { name: 'annotated', title: 'only annotation', words: words(annotated_mm2) },
    ] as const,
  }
}
