/** Draws regions and their handles on one canvas over the viewer, in section µm. */
import type { Paths, ShapeKind } from '@/api/types'
import { beginDrawing, type Point, screenMatrix, umToScreen, type View } from '@/viewer'

import { hasFewNodes, pathSeen } from './outlinePaths'
import { RegionSheet } from './regionSheet'

export interface Drawn {
  uid: string
  paths: Paths
  colour: string
  selected: boolean
  shape: ShapeKind
  text: string
  dashed?: boolean
  held?: boolean // in somebody's hand: changes from frame to frame
}

interface Look {
  fillAlpha: number
  width_px: number
}

const PLAIN: Look = { fillAlpha: 0.1, width_px: 1.75 }
const SELECTED: Look = { fillAlpha: 0.18, width_px: 2.25 }
const SELECTED_OVER_PLAIN: Look = { ...SELECTED, fillAlpha: 1 - (1 - SELECTED.fillAlpha) / (1 - PLAIN.fillAlpha) }
const NODE_PX = 7
const CLOSEST_NODES_PX = 5 // nodes nearer than this on screen are not drawn one by one

/** Draws regions on one canvas, at once when it is told: the viewer is drawing the same frame. Moving and selecting draw little anew. */
export function regionDrawer() {
  const sheet = new RegionSheet((context, view, region) => drawRegion(context, view, region, PLAIN))
  return (canvas: HTMLCanvasElement, view: View, drawn: readonly Drawn[]): void => {
    const context = beginDrawing(canvas, view)
    sheet.draw(context, view, drawn.filter((region) => !region.held && region.shape !== 'note'))
    for (const region of drawn) {
      if (region.held) drawRegion(context, view, region, region.selected ? SELECTED : PLAIN)
      else if (region.selected) drawRegion(context, view, region, SELECTED_OVER_PLAIN)
    }
    drawMarks(context, view, drawn)
  }
}

/** Draws everything for this view. */
export function drawRegions(canvas: HTMLCanvasElement, view: View, drawn: readonly Drawn[]): void {
  const context = beginDrawing(canvas, view)
  for (const region of drawn) drawRegion(context, view, region, region.selected ? SELECTED : PLAIN)
  drawMarks(context, view, drawn)
}

function drawMarks(context: CanvasRenderingContext2D, view: View, drawn: readonly Drawn[]): void {
  onScreenPixels(context)
  for (const region of drawn) if (region.shape === 'note') drawNote(context, view, region)
  for (const region of drawn) if (region.selected) drawNodes(context, view, region)
}

/** From here on in CSS pixels of the screen. */
export function onScreenPixels(context: CanvasRenderingContext2D): void {
  const ratio = window.devicePixelRatio || 1
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
}

function drawRegion(context: CanvasRenderingContext2D, view: View, { paths, colour, shape, dashed }: Drawn, { fillAlpha, width_px }: Look): void {
  const path = shape === 'note' ? undefined : pathSeen(paths, shape === 'region', view)
  if (!path) return
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = width_px * view.um_per_px
  context.lineJoin = hasFewNodes(paths) ? 'round' : 'bevel' // many round joins take long, and are not seen
  if (dashed) {
    // A dashed line has a dark one below, to be seen on bright glass and on dark tissue alike.
    context.strokeStyle = '#222222'
    context.stroke(path)
    context.strokeStyle = colour
    context.setLineDash([6 * view.um_per_px, 5 * view.um_per_px])
  } else if (shape === 'region') {
    context.globalAlpha = fillAlpha
    context.fill(path, 'evenodd')
    context.globalAlpha = 1
  }
  context.stroke(path)
  context.setLineDash([])
}

function drawNodes(context: CanvasRenderingContext2D, view: View, { paths, colour }: Drawn): void {
  context.strokeStyle = colour
  context.lineWidth = 1.5
  const [a, b, c, d, e, f] = screenMatrix(view)
  let [lastX, lastY] = [-Infinity, -Infinity]
  for (const path of paths) {
    for (const node of path) {
      const [x, y] = [a * node[0] + c * node[1] + e, b * node[0] + d * node[1] + f]
      if (x < -NODE_PX || y < -NODE_PX || x > view.width_px + NODE_PX || y > view.height_px + NODE_PX) continue
      if (Math.hypot(x - lastX, y - lastY) < CLOSEST_NODES_PX) continue
      ;[lastX, lastY] = [x, y]
      if (node.length === 6) drawHandles(context, view, [x, y], node)
      square(context, [x, y])
    }
  }
}

function drawHandles(context: CanvasRenderingContext2D, view: View, at: Point, node: number[]): void {
  const [x, y, in_dx, in_dy, out_dx, out_dy] = node as [number, number, number, number, number, number]
  for (const [dx, dy] of [[in_dx, in_dy], [out_dx, out_dy]] as const) {
    const end = umToScreen(view, [x + dx, y + dy])
    context.beginPath()
    context.moveTo(...at)
    context.lineTo(...end)
    context.stroke()
    context.beginPath()
    context.arc(end[0], end[1], 3, 0, 2 * Math.PI)
    context.fillStyle = context.strokeStyle
    context.fill()
  }
}

/** Its place as a dot, its words beside it. */
function drawNote(context: CanvasRenderingContext2D, view: View, { paths, text, colour }: Drawn): void {
  const at = umToScreen(view, [paths[0]![0]![0], paths[0]![0]![1]])
  drawWords(context, at, text)
  context.fillStyle = colour
  context.strokeStyle = '#fff'
  context.lineWidth = 1.5
  context.beginPath()
  context.arc(...at, 4, 0, 2 * Math.PI)
  context.fill()
  context.stroke()
}

/** Words on a dark plate beside a place. */
export function drawWords(context: CanvasRenderingContext2D, [x, y]: Point, text: string): void {
  context.font = '12px system-ui, sans-serif'
  const lines = text.split('\n')
  const width = Math.max(...lines.map((line) => context.measureText(line).width))
  context.fillStyle = 'rgb(20 20 20 / 82%)'
  context.beginPath()
  context.roundRect(x + 10, y - 10, width + 12, lines.length * 16 + 6, 4)
  context.fill()
  context.fillStyle = '#fff'
  context.textBaseline = 'top'
  lines.forEach((line, index) => context.fillText(line, x + 16, y - 6 + index * 16))
}

/** A node: a white square with an edge in the stroke's colour. */
export function square(context: CanvasRenderingContext2D, [x, y]: Point): void {
  context.fillStyle = '#fff'
  context.fillRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
  context.strokeRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
}
