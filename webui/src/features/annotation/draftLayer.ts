/** Draws what a tool shows while it is used, on a canvas of its own: dragging does not draw the regions again. */
import { beginDrawing, type Point, umToScreen, type View } from '@/viewer'

import type { Draft } from './model/draft'
import { onScreenPixels, square } from './regionLayer'

export function drawDraft(canvas: HTMLCanvasElement, view: View, draft: Draft, cursor: Point | undefined, colour: string): void {
  const context = beginDrawing(canvas, view)
  onScreenPixels(context)
  context.strokeStyle = colour
  if (draft.line?.length) drawLine(context, view, draft.line, draft.nodes ? cursor : undefined, !!draft.nodes)
}

function drawLine(context: CanvasRenderingContext2D, view: View, line: readonly Point[], cursor: Point | undefined, nodes: boolean): void {
  const screen = [...line, ...(cursor ? [cursor] : [])].map((point) => umToScreen(view, point))
  context.lineWidth = 2
  context.beginPath()
  screen.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)))
  context.stroke()
  context.lineWidth = 1.5
  if (nodes) for (const point of line) square(context, umToScreen(view, point))
}
