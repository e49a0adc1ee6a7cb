/** Tissue classes as a picture that a canvas can draw, and that changes under the brush. */
import { readTissueRaster } from '@/api/calls'
import type { RasterGrid, TissueStroke } from '@/api/types'

import { classesOf, paint, pictureOf } from './model/paint'

export class ClassPicture {
  readonly canvas: OffscreenCanvas
  private readonly context: OffscreenCanvasRenderingContext2D

  constructor(
    private readonly labels: Uint8Array,
    readonly grid: RasterGrid,
  ) {
    this.canvas = new OffscreenCanvas(grid.width_px, grid.height_px)
    this.context = this.canvas.getContext('2d')!
    this.put({ left: 0, top: 0, right: grid.width_px, bottom: grid.height_px })
  }

  private put(box: { left: number; top: number; right: number; bottom: number }): void {
    const part = new ImageData(pictureOf(this.labels, this.grid, box), box.right - box.left, box.bottom - box.top)
    this.context.putImageData(part, box.left, box.top)
  }

  paint(stroke: TissueStroke): void {
    const box = paint(this.labels, this.grid, stroke)
    if (box) this.put(box)
  }
}

/** The class numbers of a version of a section's raster. */
export async function readClasses(brain: string, section: number, version: string, grid: RasterGrid): Promise<Uint8Array> {
  const image = await createImageBitmap(await readTissueRaster(brain, section, version), { colorSpaceConversion: 'none' })
  if (image.width !== grid.width_px || image.height !== grid.height_px) {
    throw new Error(`The tissue classes are ${image.width} x ${image.height} px, their grid says ${grid.width_px} x ${grid.height_px} px.`)
  }
  const context = new OffscreenCanvas(grid.width_px, grid.height_px).getContext('2d', { willReadFrequently: true })!
  context.drawImage(image, 0, 0)
  image.close()
  return classesOf(context.getImageData(0, 0, grid.width_px, grid.height_px).data)
}
