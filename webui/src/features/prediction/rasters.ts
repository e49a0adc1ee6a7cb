/** Predictions as pictures that a canvas can draw: fetched once, kept, the oldest let go. */
import { readPredictionOutline, readRaster } from '@/api/calls'
import type { Paths, Prediction, RasterGrid } from '@/api/types'

import { doubtPicture, labelPicture, rgb } from './model/colourise'

export interface Pictures {
  grid: RasterGrid
  label: ImageBitmap
  doubt: ImageBitmap
  outline: Path2D
}

const KEPT = 24
const kept = new Map<string, Promise<Pictures>>()

/** Label, doubt and outline of a prediction; a prediction never changes, so neither do they. */
export function picturesOf(prediction: Prediction, colour: string): Promise<Pictures> {
  const key = `${prediction.id} ${colour}`
  const known = kept.get(key)
  if (known) return known
  const made = load(prediction, colour)
  kept.set(key, made)
  made.catch(() => kept.delete(key))
  for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - KEPT))) kept.delete(oldest)
  return made
}

async function load(prediction: Prediction, colour: string): Promise<Pictures> {
  const { project, id, grid } = prediction
  const [labels, confidence, outline] = await Promise.all([
    readRaster(project, id, 'label').then((blob) => bytes(blob, grid)),
    readRaster(project, id, 'confidence').then((blob) => bytes(blob, grid)),
    readPredictionOutline(project, id),
  ])
  const [label, doubt] = await Promise.all([
    picture(labelPicture(labels, rgb(colour)), grid),
    picture(doubtPicture(labels, confidence), grid),
  ])
  return { grid, label, doubt, outline: outlinePath(outline.paths) }
}

/** The grey values of an 8-bit PNG, exactly as they are stored. */
async function bytes(blob: Blob, { width_px, height_px }: RasterGrid): Promise<Uint8Array> {
  const image = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  if (image.width !== width_px || image.height !== height_px) {
    throw new Error(`A raster is ${image.width} x ${image.height} px, its grid says ${width_px} x ${height_px} px.`)
  }
  const context = new OffscreenCanvas(width_px, height_px).getContext('2d', { willReadFrequently: true })!
  context.drawImage(image, 0, 0)
  image.close()
  const rgba = context.getImageData(0, 0, width_px, height_px).data
  return Uint8Array.from({ length: width_px * height_px }, (_, index) => rgba[4 * index]!)
}

const picture = (rgba: Uint8ClampedArray<ArrayBuffer>, { width_px, height_px }: RasterGrid) =>
  createImageBitmap(new ImageData(rgba, width_px, height_px))

function outlinePath(paths: Paths): Path2D {
  const path2d = new Path2D()
  for (const path of paths) {
    path.forEach(([x, y], index) => (index ? path2d.lineTo(x, y) : path2d.moveTo(x, y)))
    path2d.closePath()
  }
  return path2d
}
