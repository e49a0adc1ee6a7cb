import { type Affine, after } from '@/shared/rigid'

import { screenMatrix, type View } from './coordinates'

/** Clears a canvas that covers the viewer, at the screen's own resolution, and lets it be drawn on in section µm. */
export function beginDrawing(canvas: HTMLCanvasElement, view: View): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1
  const [width, height] = [Math.round(view.width_px * ratio), Math.round(view.height_px * ratio)]
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')!
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, width, height)
  context.setTransform(...deviceMatrix(view))
  return context
}

/** Section µm to device pixels. */
export function deviceMatrix(view: View): [number, number, number, number, number, number] {
  const ratio = window.devicePixelRatio || 1
  return [...after([ratio, 0, 0, ratio, 0, 0], screenMatrix(view))] as [...Affine]
}
