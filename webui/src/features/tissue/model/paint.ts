/** Strokes on a raster of tissue classes, pixel for pixel as the server paints them. */
import type { RasterGrid, TissueStroke } from '@/api/types'

export type TissueClass = TissueStroke['tissue']
type Point = readonly [number, number]
type Rgb = readonly [number, number, number]

/** The classes in the order of their numbers, with the colours of the palette (contract `read_tissue_raster`). */
export const CLASSES: readonly { name: TissueClass; title: string; colour: Rgb | undefined }[] = [
  { name: 'background', title: 'Background', colour: undefined },
  { name: 'white matter', title: 'White matter', colour: [0x7a, 0x9c, 0xc6] },
  { name: 'gray matter', title: 'Gray matter', colour: [0xc6, 0xa1, 0x5b] },
]

export const css = (colour: Rgb | undefined): string => (colour ? `rgb(${colour.join(' ')})` : 'transparent')

export interface Box {
  left: number
  top: number
  right: number // beyond the last column
  bottom: number
}

const THINNEST_PX = Math.SQRT1_2 // a finer brush is taken as one pixel wide, so that a thin line is never lost

function distance2([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length2 = dx * dx + dy * dy
  const share = length2 > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2)) : 0
  return (x - ax - share * dx) ** 2 + (y - ay - share * dy) ** 2
}

/** Paints what lies within the radius of one piece of a line, in place; the pixels that can have changed, if any. */
function paintPiece(labels: Uint8Array, grid: RasterGrid, value: number, radius_px: number, a: Point, b: Point): Box | undefined {
  const reach = (low: number, high: number, size: number): readonly [number, number] => [
    Math.max(0, Math.ceil(low - radius_px - 0.5)), Math.min(size, Math.floor(high + radius_px - 0.5) + 1),
  ]
  const [left, right] = reach(Math.min(a[0], b[0]), Math.max(a[0], b[0]), grid.width_px)
  const [top, bottom] = reach(Math.min(a[1], b[1]), Math.max(a[1], b[1]), grid.height_px)
  if (left >= right || top >= bottom) return undefined
  const radius2 = radius_px * radius_px
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      if (distance2([column + 0.5, row + 0.5], a, b) <= radius2) labels[row * grid.width_px + column] = value
    }
  }
  return { left, top, right, bottom }
}

const join = (a: Box | undefined, b: Box | undefined): Box | undefined =>
  !a || !b ? (a ?? b) : {
    left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom),
  }

/** Paints a stroke, in place: every pixel whose centre is at most the radius from its line. The box holds all that changed. */
export function paint(labels: Uint8Array, grid: RasterGrid, { tissue, radius_um, points }: TissueStroke): Box | undefined {
  const value = CLASSES.findIndex((one) => one.name === tissue)
  const radius_px = Math.max(radius_um / grid.pixel_size_um, THINNEST_PX)
  const line = points.map(([x, y]): Point => [(x - grid.origin_um[0]) / grid.pixel_size_um, (y - grid.origin_um[1]) / grid.pixel_size_um])
  let box: Box | undefined
  for (let piece = 0; piece < Math.max(1, line.length - 1); piece++) {
    box = join(box, paintPiece(labels, grid, value, radius_px, line[piece]!, line[piece + 1] ?? line[piece]!))
  }
  return box
}

/** Class numbers of a palette picture (RGBA): clear is background; white matter is blue, gray matter is yellow. */
export function classesOf(rgba: Uint8ClampedArray): Uint8Array {
  const labels = new Uint8Array(rgba.length / 4)
  for (let index = 0; index < labels.length; index++) {
    if (rgba[4 * index + 3]!) labels[index] = rgba[4 * index + 2]! > rgba[4 * index]! ? 1 : 2
  }
  return labels
}

/** A part of the raster as RGBA, background clear. */
export function pictureOf(labels: Uint8Array, grid: RasterGrid, box: Box): Uint8ClampedArray<ArrayBuffer> {
  const [width, height] = [box.right - box.left, box.bottom - box.top]
  const rgba = new Uint8ClampedArray(4 * width * height)
  const words = new Uint32Array(rgba.buffer)
  const palette = CLASSES.map(({ colour }) => (colour ? new Uint32Array(new Uint8ClampedArray([...colour, 255]).buffer)[0]! : 0))
  for (let row = 0; row < height; row++) {
    const start = (row + box.top) * grid.width_px + box.left
    for (let column = 0; column < width; column++) words[row * width + column] = palette[labels[start + column]!]!
  }
  return rgba
}
