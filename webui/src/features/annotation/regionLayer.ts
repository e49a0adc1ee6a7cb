/** Draws regions and their handles on one canvas over the viewer, in section µm. */
import type { Paths } from '@/api/types'
import { beginDrawing, type Point, umToScreen, type View } from '@/viewer'

import { pathSeen } from './outlinePaths'

export interface Drawn {
  uid: string
  paths: Paths
  colour: string
  selected: boolean
  dashed?: boolean
}

const FILL_ALPHA = 0.1
const SELECTED_FILL_ALPHA = 0.18
const NODE_PX = 7
const CLOSEST_NODES_PX = 5 // nodes nearer than this on screen are not drawn one by one

/** Draws everything for this view, at once: the viewer is drawing the same frame. */
export function drawRegions(canvas: HTMLCanvasElement, view: View, drawn: readonly Drawn[]): void {
  const context = beginDrawing(canvas, view)
  for (const region of drawn) drawRegion(context, view, region)
  onScreenPixels(context)
  for (const region of drawn) if (region.selected) drawNodes(context, view, region)
}

/** From here on in CSS pixels of the screen. */
export function onScreenPixels(context: CanvasRenderingContext2D): void {
  const ratio = window.devicePixelRatio || 1
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
}

function drawRegion(context: CanvasRenderingContext2D, view: View, { paths, colour, selected, dashed }: Drawn): void {
  const path = pathSeen(paths, true, view)
  if (!path) return
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = (selected ? 2.25 : 1.75) * view.um_per_px
  context.lineJoin = 'round'
  if (dashed) {
    // A dashed line has a dark one below, to be seen on bright glass and on dark tissue alike.
    context.strokeStyle = '#222222'
    context.stroke(path)
    context.strokeStyle = colour
    context.setLineDash([6 * view.um_per_px, 5 * view.um_per_px])
  } else {
    context.globalAlpha = selected ? SELECTED_FILL_ALPHA : FILL_ALPHA
    context.fill(path, 'evenodd')
    context.globalAlpha = 1
  }
  context.stroke(path)
  context.setLineDash([])
}

function drawNodes(context: CanvasRenderingContext2D, view: View, { paths, colour }: Drawn): void {
  context.strokeStyle = colour
  context.lineWidth = 1.5
  let last: Point = [-Infinity, -Infinity]
  for (const node of paths.flat()) {
    const at = umToScreen(view, [node[0], node[1]])
    if (at[0] < -NODE_PX || at[1] < -NODE_PX || at[0] > view.width_px + NODE_PX || at[1] > view.height_px + NODE_PX) continue
    if (Math.hypot(at[0] - last[0], at[1] - last[1]) < CLOSEST_NODES_PX) continue
    last = at
    if (node.length === 6) drawHandles(context, view, at, node)
    square(context, at)
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

/** A node: a white square with an edge in the stroke's colour. */
export function square(context: CanvasRenderingContext2D, [x, y]: Point): void {
  context.fillStyle = '#fff'
  context.fillRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
  context.strokeRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
}
