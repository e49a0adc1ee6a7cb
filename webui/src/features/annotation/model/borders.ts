/** Borders that regions share: places at which several outlines have a node, changed in all of them at once. Pure. */
import type { PathPoint, Paths, ShapeKind } from '@/api/types'

import { insertNode, moveHandle, moveNode, type NodeRef, removeNode } from './edits'
import { bounds_um, onSegment, type Point, position, split } from './geometry'

export const SAME_UM = 0.01 // nodes this near to each other are one place, as fine as coordinates are kept
const ON_UM = 0.02 // an outline this near passes through a place
const REFINEMENTS = 40
const PIECES = 16

/** As much of a region as its border needs. */
export interface Outline {
  uid: string
  paths: Paths
  shape: ShapeKind
}

/** The new paths of some regions. */
export type Reshaped = Map<string, Paths>

export const meets = (a: Point, b: Point, within_um = SAME_UM): boolean => Math.hypot(a[0] - b[0], a[1] - b[1]) <= within_um + 1e-6

const near = (paths: Paths, [x, y]: Point, reach_um: number): boolean => {
  const [[left, top], [right, bottom]] = bounds_um(paths)
  return x >= left - reach_um && x <= right + reach_um && y >= top - reach_um && y <= bottom + reach_um
}

/** Every node at this place. */
export function nodesAt(paths: Paths, at: Point): NodeRef[] {
  if (!near(paths, at, ON_UM)) return []
  return paths.flatMap((nodes, path) => nodes.flatMap((node, index) => (meets(position(node), at) ? [{ path, node: index }] : [])))
}

const closedOnes = <O extends Outline>(outlines: readonly O[]): O[] => outlines.filter(({ shape }) => shape === 'region')

/** The others that have a node there. */
export const sharers = <O extends Outline>(outlines: readonly O[], uid: string, at: Point): O[] =>
  closedOnes(outlines).filter((one) => one.uid !== uid && nodesAt(one.paths, at).length > 0)

/** All nodes at a place moved to another one. */
export function movedTogether(outlines: readonly Outline[], from: Point, to: Point): Reshaped {
  return new Map(outlines.map(({ uid, paths }) => [uid, nodesAt(paths, from).reduce((now, ref) => moveNode(now, ref, to), paths)]))
}

type Side = 'in' | 'out'
const OTHER: Record<Side, Side> = { in: 'out', out: 'in' }
const handleEnd = (node: PathPoint, side: Side): Point =>
  node.length === 2 ? position(node) : side === 'in' ? [node[0] + node[2], node[1] + node[3]] : [node[0] + node[4], node[1] + node[5]]

/** The handle of a node moved wherever the same curve leaves the same place; the one on the other side follows only where that curve is shared too. */
export function handleMovedTogether(outlines: readonly Outline[], node: PathPoint, side: Side, to: Point, alone: boolean): Reshaped {
  const [grabbed, opposite] = [handleEnd(node, side), handleEnd(node, OTHER[side])]
  const moved: Reshaped = new Map()
  for (const { uid, paths } of outlines) {
    for (const ref of nodesAt(paths, position(node))) {
      const twin = paths[ref.path]![ref.node]!
      const its = (['in', 'out'] as const).find((one) => twin.length === 6 && meets(handleEnd(twin, one), grabbed, ON_UM))
      if (!its) continue
      const both = meets(handleEnd(twin, OTHER[its]), opposite, ON_UM)
      moved.set(uid, moveHandle(moved.get(uid) ?? paths, ref, its, to, alone || !both))
    }
  }
  return moved
}

export interface OnOutline {
  ref: NodeRef
  t: number
  at: Point
  distance_um: number
}

/** The nearest place of a closed outline within reach: the segment by its first node, the share along it, and the place itself. */
export function onOutline(paths: Paths, at: Point, reach_um: number): OnOutline | undefined {
  if (!near(paths, at, reach_um)) return undefined
  let best: OnOutline | undefined
  paths.forEach((nodes, path) => nodes.forEach((node, index) => {
    const next = nodes[(index + 1) % nodes.length]!
    const ends = [position(node), handleEnd(node, 'out'), handleEnd(next, 'in'), position(next)]
    if (ends.every(([x]) => x < at[0] - reach_um) || ends.every(([x]) => x > at[0] + reach_um)) return
    if (ends.every(([, y]) => y < at[1] - reach_um) || ends.every(([, y]) => y > at[1] + reach_um)) return
    const t = nearestShare(node, next, at)
    const place = position(split(node, next, t)[1])
    const distance_um = Math.hypot(place[0] - at[0], place[1] - at[1])
    if (distance_um <= (best?.distance_um ?? reach_um)) best = { ref: { path, node: index }, t, at: place, distance_um }
  }))
  return best
}

function nearestShare(from: PathPoint, to: PathPoint, at: Point): number {
  if (from.length === 2 && to.length === 2) return onSegment(position(from), position(to), at).t
  const away = (t: number): number => {
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    const [p, q, r, s] = [position(from), handleEnd(from, 'out'), handleEnd(to, 'in'), position(to)]
    return Math.hypot(a * p[0] + b * q[0] + c * r[0] + d * s[0] - at[0], a * p[1] + b * q[1] + c * r[1] + d * s[1] - at[1])
  }
  const shares = Array.from({ length: PIECES + 1 }, (_, step) => step / PIECES)
  const first = shares.reduce((best, share) => (away(share) < away(best) ? share : best), 0)
  let [low, high] = [Math.max(0, first - 1 / PIECES), Math.min(1, first + 1 / PIECES)]
  for (let step = 0; step < REFINEMENTS; step++) {
    const third = (high - low) / 3
    if (away(low + third) < away(high - third)) high -= third
    else low += third
  }
  return (low + high) / 2
}

/** A node at this place in every region whose outline passes through it and has none there. */
export function nodeAdded(outlines: readonly Outline[], at: Point): Reshaped {
  const changed: Reshaped = new Map()
  for (const { uid, paths } of closedOnes(outlines)) {
    if (nodesAt(paths, at).length) continue
    const found = onOutline(paths, at, ON_UM)
    if (found) changed.set(uid, moveNode(insertNode(paths, found.ref, found.t), { path: found.ref.path, node: found.ref.node + 1 }, at))
  }
  return changed
}

/** A node taken away in the others that have it between the same two neighbours; who would fall apart keeps it. */
export function nodeRemoved(others: readonly Outline[], path: readonly PathPoint[], node: number): Reshaped {
  const around = (nodes: readonly PathPoint[], index: number): Point[] =>
    [nodes.length - 1, 1].map((step) => position(nodes[(index + step) % nodes.length]!))
  const [before, after] = around(path, node) as [Point, Point]
  const changed: Reshaped = new Map()
  for (const { uid, paths } of closedOnes(others)) {
    for (const ref of nodesAt(paths, position(path[node]!)).slice(0, 1)) {
      const [one, other] = around(paths[ref.path]!, ref.node) as [Point, Point]
      const between = (meets(one, before) && meets(other, after)) || (meets(one, after) && meets(other, before))
      const left = removeNode(paths, ref)
      if (between && left.length === paths.length) changed.set(uid, left)
    }
  }
  return changed
}
