/** Outlines as drawing paths of the canvas, made once for each zoom at which they are seen. */
import type { Path, Paths } from '@/api/types'
import type { View } from '@/viewer'

import { bounds_um, corner, type Point, position, simplify } from './model/geometry'

const FEW_NODES = 400 // up to here an outline is drawn as it is at every zoom
const TOLERANCE_PX = 0.3 // an outline drawn with fewer nodes lies this near
const NEAREST_PX = 1 // nodes nearer to each other than this are not seen apart

/** By the value of the outline: edits make new ones, so nothing is ever out of date. */
const prepared = new WeakMap<Paths, Map<number, Path2D>>()

function trace(to: Path2D, path: Path, closed: boolean, nearest_um: number): void {
  let last = path[0]!
  to.moveTo(last[0], last[1])
  const line = (node: Path[number]) => {
    if (last.length === 2 && node.length === 2) to.lineTo(node[0], node[1])
    else {
      const [out_dx, out_dy] = last.length === 6 ? [last[4], last[5]] : [0, 0]
      const [in_dx, in_dy] = node.length === 6 ? [node[2], node[3]] : [0, 0]
      to.bezierCurveTo(last[0] + out_dx, last[1] + out_dy, node[0] + in_dx, node[1] + in_dy, node[0], node[1])
    }
    last = node
  }
  for (const node of path) {
    const near = Math.abs(node[0] - last[0]) + Math.abs(node[1] - last[1]) < nearest_um
    if (!near || (nearest_um === 0 && node !== last)) line(node)
  }
  if (!closed) return
  if (last.length === 6 || path[0]!.length === 6) line(path[0]!)
  to.closePath()
}

export const hasFewNodes = (paths: Paths): boolean => paths.reduce((sum, path) => sum + path.length, 0) <= FEW_NODES

/** The nodes that matter at this zoom. Curves keep theirs. */
function thinned(path: Path, um_per_px: number): Path {
  if (path.some((node) => node.length === 6)) return path
  let last: Path[number] | undefined
  const apart = path.filter((node) => {
    const near = last && Math.abs(node[0] - last[0]) + Math.abs(node[1] - last[1]) < NEAREST_PX * um_per_px
    if (!near) last = node
    return !near
  })
  return simplify(apart.map(position), TOLERANCE_PX * um_per_px).map(corner)
}

/** The outline as seen at this zoom; undefined when none of it is on screen. */
export function pathSeen(paths: Paths, closed: boolean, view: View): Path2D | undefined {
  if (!onScreen(bounds_um(paths), view)) return undefined
  let levels = prepared.get(paths)
  if (!levels) prepared.set(paths, (levels = new Map<number, Path2D>()))
  const few = hasFewNodes(paths)
  const level = few ? -Infinity : Math.round(Math.log2(view.um_per_px))
  let seen = levels.get(level)
  if (!seen) {
    seen = new Path2D()
    for (const path of paths) if (path.length) trace(seen, few ? path : thinned(path, 2 ** level), closed, few ? 0 : NEAREST_PX * 2 ** level)
    levels.set(level, seen)
  }
  return seen
}

/** Whether a rectangle comes near the screen; the screen may be turned, so its circle counts. */
function onScreen([[left, top], [right, bottom]]: readonly [Point, Point], { centre_um: [x, y], um_per_px, width_px, height_px }: View): boolean {
  const reach = (Math.hypot(width_px, height_px) / 2) * um_per_px
  return left - reach <= x && x <= right + reach && top - reach <= y && y <= bottom + reach
}
