/** Draws regions, handles and the draft on one canvas over the viewer, with Paper.js in section µm. */
import paper from 'paper/dist/paper-core'

import type { Paths } from '@/api/types'
import { type Point, screenMatrix, umToScreen, type View } from '@/viewer'

export interface Drawn {
  uid: string
  paths: Paths
  colour: string
  selected: boolean
  dashed?: boolean
}

export interface Draft {
  points: readonly Point[]
  cursor?: Point
  colour: string
}

const FILL_ALPHA = 0.1
const SELECTED_FILL_ALPHA = 0.18
const NODE_PX = 7
const CLOSEST_NODES_PX = 5 // nodes nearer than this on screen are not drawn one by one

export class RegionLayer {
  private readonly scope = new paper.PaperScope()
  private readonly context: CanvasRenderingContext2D
  private drawn: readonly Drawn[] = []
  private draft: Draft | undefined
  private size = ''

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.scope.setup(canvas)
    this.scope.view.autoUpdate = false
    this.scope.settings.insertItems = true
    this.context = canvas.getContext('2d')!
  }

  setRegions(drawn: readonly Drawn[]): void {
    this.drawn = drawn
    this.scope.activate()
    this.scope.project.activeLayer.removeChildren()
    for (const region of drawn) this.add(region)
  }

  setDraft(draft: Draft | undefined): void {
    this.draft = draft
  }

  private add(region: Drawn): void {
    // A dashed line has a dark one below, to be seen on bright glass and on dark tissue alike.
    if (region.dashed) this.addPath({ ...region, colour: '#222222', dashed: false }, 0)
    this.addPath(region, region.dashed ? 0 : region.selected ? SELECTED_FILL_ALPHA : FILL_ALPHA)
  }

  private addPath({ paths, colour, selected, dashed }: Drawn, fillAlpha: number): void {
    const fill = new paper.Color(colour)
    fill.alpha = fillAlpha
    new paper.CompoundPath({
      children: paths.map((path) => new paper.Path({ segments: path.map(toSegment), closed: true, insert: false })),
      fillRule: 'evenodd',
      fillColor: fill,
      strokeColor: new paper.Color(colour),
      strokeWidth: selected ? 2.25 : 1.75,
      strokeScaling: false,
      dashArray: dashed ? [6, 5] : [],
    })
  }

  /** Draws everything for this view, at once: the viewer is drawing the same frame. */
  draw(view: View): void {
    this.scope.activate()
    const size = `${view.width_px}x${view.height_px}`
    if (size !== this.size) this.scope.view.viewSize = new paper.Size(view.width_px, view.height_px)
    this.size = size
    this.scope.view.matrix = new paper.Matrix(screenMatrix(view))
    ;(this.scope.view as unknown as { _needsUpdate: boolean })._needsUpdate = true
    this.scope.view.update()
    this.drawOnTop(view)
  }

  private drawOnTop(view: View): void {
    const ratio = this.canvas.width / view.width_px
    this.context.save()
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0)
    for (const region of this.drawn) if (region.selected) drawNodes(this.context, view, region)
    if (this.draft?.points.length) drawDraft(this.context, view, this.draft)
    this.context.restore()
  }

  destroy(): void {
    this.scope.project.remove()
    this.scope.view.remove()
  }
}

function toSegment(node: Paths[number][number]): paper.Segment {
  const [x, y, in_dx = 0, in_dy = 0, out_dx = 0, out_dy = 0] = node
  return new paper.Segment(new paper.Point(x, y), new paper.Point(in_dx, in_dy), new paper.Point(out_dx, out_dy))
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

function square(context: CanvasRenderingContext2D, [x, y]: Point): void {
  context.fillStyle = '#fff'
  context.fillRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
  context.strokeRect(x - NODE_PX / 2, y - NODE_PX / 2, NODE_PX, NODE_PX)
}

function drawDraft(context: CanvasRenderingContext2D, view: View, { points, cursor, colour }: Draft): void {
  const screen = [...points, ...(cursor ? [cursor] : [])].map((point) => umToScreen(view, point))
  context.strokeStyle = colour
  context.lineWidth = 2
  context.beginPath()
  screen.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)))
  context.stroke()
  context.lineWidth = 1.5
  if (cursor) for (const point of points) square(context, umToScreen(view, point))
}
