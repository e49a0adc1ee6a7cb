/** Draws what a tool shows while it is used, on a canvas of its own: dragging does not draw the regions again. */
import { beginDrawing, type Point, umToScreen, type View } from '@/viewer'

import type { Draft, DraftStroke } from './model/draft'
import { pathSeen } from './outlinePaths'
import { drawWords, onScreenPixels, square } from './regionLayer'

const ERASED = '#ffffff'
const OUTCOME = '#ffffff'
const CAUGHT_PX = 7

export function drawDraft(canvas: HTMLCanvasElement, view: View, draft: Draft, cursor: Point | undefined, colour: (area?: string) => string): void {
  const context = beginDrawing(canvas, view)
  context.lineJoin = context.lineCap = 'round'
  for (const stroke of draft.strokes ?? []) drawStroke(context, stroke, colour)
  for (const paths of draft.outcome ?? []) drawOutcome(context, view, pathSeen(paths, true, view))
  onScreenPixels(context)
  context.strokeStyle = colour()
  if (draft.line?.length) drawLine(context, view, draft.line, draft.nodes ? cursor : undefined, !!draft.nodes || !!draft.marks)
  if (draft.ring_um !== undefined && cursor) drawRing(context, umToScreen(view, cursor), draft.ring_um / view.um_per_px)
  if (draft.caught) drawCaught(context, umToScreen(view, draft.caught))
  if (draft.words) drawWords(context, umToScreen(view, draft.words.at), draft.words.text)
}

function drawStroke(context: CanvasRenderingContext2D, { points, radius_um, erase, area }: DraftStroke, colour: (area: string) => string): void {
  context.strokeStyle = erase ? ERASED : colour(area)
  context.globalAlpha = erase ? 0.55 : 0.4
  context.lineWidth = 2 * radius_um
  context.beginPath()
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)))
  if (points.length === 1) context.lineTo(...points[0]!)
  context.stroke()
  context.globalAlpha = 1
}

/** Bright on dark, to be told from the outlines that are there. */
function drawOutcome(context: CanvasRenderingContext2D, view: View, path: Path2D | undefined): void {
  if (!path) return
  context.strokeStyle = '#222222'
  context.lineWidth = 4 * view.um_per_px
  context.stroke(path)
  context.strokeStyle = context.fillStyle = OUTCOME
  context.lineWidth = 2 * view.um_per_px
  context.stroke(path)
  context.globalAlpha = 0.25
  context.fill(path, 'evenodd')
  context.globalAlpha = 1
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

/** A small diamond, dark and bright to be seen on everything. */
function drawCaught(context: CanvasRenderingContext2D, [x, y]: Point): void {
  for (const [style, width] of [['#222222', 4], ['#ffd400', 2]] as const) {
    context.strokeStyle = style
    context.lineWidth = width
    context.beginPath()
    context.moveTo(x, y - CAUGHT_PX)
    for (const [dx, dy] of [[CAUGHT_PX, 0], [0, CAUGHT_PX], [-CAUGHT_PX, 0]] as const) context.lineTo(x + dx, y + dy)
    context.closePath()
    context.stroke()
  }
}

function drawRing(context: CanvasRenderingContext2D, [x, y]: Point, radius: number): void {
  for (const [style, width] of [['rgb(0 0 0 / 60%)', 2.5], ['#fff', 1]] as const) {
    context.strokeStyle = style
    context.lineWidth = width
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.stroke()
  }
}
