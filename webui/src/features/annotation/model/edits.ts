/** Changes of one region's paths, each a new value. */
import type { PathPoint, Paths, ShapeKind } from '@/api/types'

import { corner, type Point, split } from './geometry'

export interface NodeRef {
  path: number
  node: number
}

/** A region needs three nodes, a line two, a note has one. */
const FEWEST_NODES: Record<ShapeKind, number> = { region: 3, line: 2, note: 1 }

const replacePath = (paths: Paths, at: number, path: PathPoint[]): Paths => paths.map((old, index) => (index === at ? path : old))

export function moveNode(paths: Paths, { path, node }: NodeRef, [x, y]: Point): Paths {
  const moved = paths[path]!.map((old, index): PathPoint => {
    if (index !== node) return old
    const [px, py] = corner([x, y]) as [number, number]
    return old.length === 2 ? [px, py] : [px, py, old[2], old[3], old[4], old[5]]
  })
  return replacePath(paths, path, moved)
}

/** Moves one Bezier handle; the other one follows so that the curve stays smooth, unless `alone`. */
export function moveHandle(paths: Paths, { path, node }: NodeRef, side: 'in' | 'out', to: Point, alone = false): Paths {
  const moved = paths[path]!.map((old, index): PathPoint => {
    if (index !== node || old.length === 2) return old
    const [x, y, in_dx, in_dy, out_dx, out_dy] = old
    const [dx, dy] = corner([to[0] - x, to[1] - y]) as [number, number]
    const ratio = Math.hypot(dx, dy) || 1
    const follow = (length: number): [number, number] => corner([(-dx / ratio) * length, (-dy / ratio) * length]) as [number, number]
    if (side === 'out') return [x, y, ...(alone ? ([in_dx, in_dy] as const) : follow(Math.hypot(in_dx, in_dy))), dx, dy]
    return [x, y, dx, dy, ...(alone ? ([out_dx, out_dy] as const) : follow(Math.hypot(out_dx, out_dy)))]
  })
  return replacePath(paths, path, moved)
}

/** A node on the segment that starts at `node`, at its share t; the outline stays as it was. */
export function insertNode(paths: Paths, { path, node }: NodeRef, t: number): Paths {
  const old = paths[path]!
  const next = (node + 1) % old.length
  const [a, middle, b] = split(old[node]!, old[next]!, t)
  const changed = old.map((one, index) => (index === node ? a : index === next ? b : one))
  changed.splice(node + 1, 0, middle)
  return replacePath(paths, path, changed)
}

/** Takes a node away; a path with too few nodes goes with it. An empty result means that nothing of the region is left. */
export function removeNode(paths: Paths, { path, node }: NodeRef, shape: ShapeKind = 'region'): Paths {
  const left = paths[path]!.filter((_, index) => index !== node)
  return left.length < FEWEST_NODES[shape] ? paths.filter((_, index) => index !== path) : replacePath(paths, path, left)
}
