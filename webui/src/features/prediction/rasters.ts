/** Predictions as pictures that a canvas can draw: fetched once when first shown, kept, the oldest let go. */
import { readPredictionOutline, readRaster } from '@/api/calls'
import type { Paths, Prediction, RasterGrid } from '@/api/types'

import { doubtPicture, entropyPicture, labelPicture, probabilityPicture, rgb } from './model/colourise'
import type { RasterKind } from './model/layers'

const KEPT = 72
const kept = new Map<string, Promise<unknown>>()

/** What was made once for a key; a prediction never changes, so neither do its pictures. */
function keep<T>(key: string, make: () => Promise<T>): Promise<T> {
  const known = kept.get(key) as Promise<T> | undefined
  if (known) return known
  const made = make()
  kept.set(key, made)
  made.catch(() => kept.delete(key))
  for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - KEPT))) kept.delete(oldest)
  return made
}

const PICTURES = {
  label: labelPicture,
  confidence: doubtPicture,
  probability: probabilityPicture,
  entropy: entropyPicture,
} as const

/** One layer of a prediction as a picture on its grid. */
export function pictureOf(prediction: Prediction, kind: RasterKind, colour: string): Promise<ImageBitmap> {
  const { id, grid } = prediction
  return keep(`${id} ${kind} ${colour}`, async () => {
    const [labels, values] = await Promise.all([bytesOf(prediction, 'label'), bytesOf(prediction, kind)])
    return createImageBitmap(new ImageData(PICTURES[kind](labels, values, rgb(colour)), grid.width_px, grid.height_px))
  })
}

export const outlineOf = ({ project, id }: Prediction): Promise<Path2D> =>
  keep(`${id} outline`, async () => pathOf((await readPredictionOutline(project, id)).paths))

/** The class number of every pixel, row by row. */
export const labelsOf = (prediction: Prediction): Promise<Uint8Array> => bytesOf(prediction, 'label')

const bytesOf = ({ project, id, grid }: Prediction, kind: RasterKind): Promise<Uint8Array> =>
  keep(`${id} ${kind}`, async () => bytes(await readRaster(project, id, kind), grid))

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

function pathOf(paths: Paths): Path2D {
  const path2d = new Path2D()
  for (const path of paths) {
    path.forEach(([x, y], index) => (index ? path2d.lineTo(x, y) : path2d.moveTo(x, y)))
    path2d.closePath()
  }
  return path2d
}
