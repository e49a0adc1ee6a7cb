/** What lies under the pointer. */
import type { PathPoint, Paths, ShapeKind } from '@/api/types'

import type { NodeRef } from './edits'
import { bounds_um, contains, onSegment, type Point, position, segment } from './geometry'

export type Hit =
  | { kind: 'node'; ref: NodeRef }
  | { kind: 'handle'; ref: NodeRef; side: 'in' | 'out' }
  | { kind: 'edge'; ref: NodeRef; t: number }

/** Whether a straight edge lies wholly to one side of what is within reach. */
const beside = (a: PathPoint, b: PathPoint, [x, y]: Point, reach_um: number): boolean =>
  a.length === 2 && b.length === 2 && (
    (a[0] < x - reach_um && b[0] < x - reach_um) || (a[0] > x + reach_um && b[0] > x + reach_um) ||
    (a[1] < y - reach_um && b[1] < y - reach_um) || (a[1] > y + reach_um && b[1] > y + reach_um)
  )

/** The nearest node within reach, else the nearest handle, else the nearest edge. */
export function hitOutline(paths: Paths, at: Point, reach_um: number, closed = true): Hit | undefined {
  let best: Hit | undefined
  let nearest_um = reach_um
  const offer = (away_um: number, hit: () => Hit) => {
    if (away_um <= nearest_um) [best, nearest_um] = [hit(), away_um]
  }
  const away = (x: number, y: number) => Math.hypot(x - at[0], y - at[1])
  paths.forEach((nodes, path) => nodes.forEach((node, index) => offer(away(node[0], node[1]), () => ({ kind: 'node', ref: { path, node: index } }))))
  if (best) return best
  paths.forEach((nodes, path) =>
    nodes.forEach((node, index) => {
      if (node.length === 2) return
      const ref = { path, node: index }
      offer(away(node[0] + node[2], node[1] + node[3]), () => ({ kind: 'handle', ref, side: 'in' }))
      offer(away(node[0] + node[4], node[1] + node[5]), () => ({ kind: 'handle', ref, side: 'out' }))
    }),
  )
  return best ?? hitEdge(paths, at, reach_um, closed)
}

/** The nearest place on the outline within reach: the segment by its first node, and the share along it. */
export function hitEdge(paths: Paths, at: Point, reach_um: number, closed = true): Hit | undefined {
  let best: Hit | undefined
  let nearest_um = reach_um
  paths.forEach((nodes, path) =>
    nodes.forEach((node, index) => {
      const next = nodes[index + 1] ?? (closed ? nodes[0] : undefined)
      if (!next || beside(node, next, at, nearest_um)) return
      const points = [...segment(node, next), position(next)]
      for (let piece = 0; piece + 1 < points.length; piece++) {
        const { t, distance_um: away_um } = onSegment(points[piece]!, points[piece + 1]!, at)
        if (away_um > nearest_um) continue
        nearest_um = away_um
        best = { kind: 'edge', ref: { path, node: index }, t: (piece + t) / (points.length - 1) }
      }
    }),
  )
  return best
}

/** The topmost (last) region that contains the point or whose outline passes within reach; of lines and notes the line and the place. */
export function hitRegion<R extends { paths: Paths; shape?: ShapeKind }>(regions: readonly R[], at: Point, reach_um: number): R | undefined {
  return regions.findLast(({ paths, shape = 'region' }) => {
    const [[left, top], [right, bottom]] = bounds_um(paths)
    if (at[0] < left - reach_um || at[0] > right + reach_um || at[1] < top - reach_um || at[1] > bottom + reach_um) return false
    if (shape === 'note') return hitOutline(paths, at, reach_um, false)
    return (shape === 'region' && contains(paths, at)) || hitEdge(paths, at, reach_um, shape === 'region')
  })
}
