/** Geometry of outlines in section µm: closed paths without a repeated first point, even-odd fill, nodes with or without Bezier handles. */
import type { Path, PathPoint, Paths } from '@/api/types'

export type Point = readonly [number, number]
export type Ring = readonly Point[]

const FLAT_STEPS = 16
const DECIMALS = 100 // coordinates are kept to 0.01 µm

const round = (value: number) => Math.round(value * DECIMALS) / DECIMALS
export const corner = ([x, y]: Point): PathPoint => [round(x), round(y)]
export const position = (node: PathPoint): Point => [node[0], node[1]]

/** The handles of a node as absolute points; a corner's handles lie on itself. */
function handles(node: PathPoint): { into: Point; out: Point } {
  const [x, y] = node
  if (node.length === 2) return { into: [x, y], out: [x, y] }
  return { into: [x + node[2], y + node[3]], out: [x + node[4], y + node[5]] }
}

const mix = (a: Point, b: Point, t: number): Point => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
const isStraight = (from: PathPoint, to: PathPoint) => from.length === 2 && to.length === 2

function onCurve(from: PathPoint, to: PathPoint, t: number): Point {
  const [p0, p1, p2, p3] = [position(from), handles(from).out, handles(to).into, position(to)]
  const [a, b, c] = [mix(p0, p1, t), mix(p1, p2, t), mix(p2, p3, t)]
  return mix(mix(a, b, t), mix(b, c, t), t)
}

/** The segment between two nodes as points, its first included and its last not; a curve in 16 pieces. */
export function segment(from: PathPoint, to: PathPoint): Point[] {
  if (isStraight(from, to)) return [position(from)]
  return Array.from({ length: FLAT_STEPS }, (_, step) => onCurve(from, to, step / FLAT_STEPS))
}

const isCorners = (path: Path): path is [number, number][] => path.every((node) => node.length === 2)

/** A path as a closed ring of points; one of corners only is that ring already. */
export function ring(path: Path): Ring {
  return isCorners(path) ? path : path.flatMap((node, index) => segment(node, path[(index + 1) % path.length]!))
}

/** An open path as points. */
export function polyline(path: Path): Point[] {
  return path.flatMap((node, index) => (path[index + 1] ? segment(node, path[index + 1]!) : [position(node)]))
}

/** Even-odd test of a point against one ring. */
export function inRing(points: Ring, [x, y]: Point): boolean {
  let inside = false
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [one, other] = [points[i]!, points[j]!]
    if (one[1] > y !== other[1] > y && x < ((other[0] - one[0]) * (y - one[1])) / (other[1] - one[1]) + one[0]) inside = !inside
  }
  return inside
}

export function contains(paths: Paths, point: Point): boolean {
  return paths.reduce((inside, path) => inside !== inRing(ring(path), point), false)
}

function shoelace_um2(points: Ring): number {
  let twice = 0
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    twice += points[j]![0] * points[i]![1] - points[i]![0] * points[j]![1]
  }
  return Math.abs(twice) / 2
}

const knownAreas = new WeakMap<Paths, number>() // outlines never change, edits make new ones

/** Area under the even-odd rule, for rings that lie beside or within each other: a ring inside an odd number of others is a hole. */
export function area_um2(paths: Paths): number {
  const known = knownAreas.get(paths) ?? measureArea(paths)
  knownAreas.set(paths, known)
  return known
}

function measureArea(paths: Paths): number {
  const rings = paths.map(ring)
  return rings.reduce((sum, points, index) => {
    const place = mix(points[0]!, points[1]!, 0.5) // rings may touch in a node
    const depth = rings.filter((other, at) => at !== index && inRing(other, place)).length
    return sum + (depth % 2 ? -1 : 1) * shoelace_um2(points)
  }, 0)
}

const knownBounds = new WeakMap<Paths, readonly [Point, Point]>()

/** Upper left and lower right corner. */
export function bounds_um(paths: Paths): readonly [Point, Point] {
  const known = knownBounds.get(paths) ?? measureBounds(paths)
  knownBounds.set(paths, known)
  return known
}

function measureBounds(paths: Paths): [Point, Point] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const path of paths) {
    for (const [x, y] of ring(path)) {
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      if (y > bottom) bottom = y
    }
  }
  return [[left, top], [right, bottom]]
}

/** Foot of the perpendicular from p on the segment a-b, as share of the segment and distance. */
export function onSegment(a: Point, b: Point, p: Point): { t: number; distance_um: number } {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]]
  const length2 = dx * dx + dy * dy
  const t = length2 ? Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2)) : 0
  const foot = mix(a, b, t)
  return { t, distance_um: Math.hypot(p[0] - foot[0], p[1] - foot[1]) }
}

/** Douglas-Peucker: drops points that lie within the tolerance of the line through their kept neighbours. */
export function simplify(points: readonly Point[], tolerance_um: number): Point[] {
  const keep = new Uint8Array(points.length)
  keep[0] = keep[points.length - 1] = 1
  const open: [number, number][] = [[0, points.length - 1]]
  for (let span = open.pop(); span; span = open.pop()) {
    let [farthest, distance_um] = [-1, tolerance_um]
    for (let index = span[0] + 1; index < span[1]; index++) {
      const away_um = onSegment(points[span[0]]!, points[span[1]]!, points[index]!).distance_um
      if (away_um > distance_um) [farthest, distance_um] = [index, away_um]
    }
    if (farthest < 0) continue
    keep[farthest] = 1
    open.push([span[0], farthest], [farthest, span[1]])
  }
  return points.filter((_, index) => keep[index])
}

/** Splits the segment from a to b at t; the node between, and both ends with their new handles. */
export function split(a: PathPoint, b: PathPoint, t: number): [PathPoint, PathPoint, PathPoint] {
  if (isStraight(a, b)) return [a, corner(mix(position(a), position(b), t)), b]
  const [p0, p1, p2, p3] = [position(a), handles(a).out, handles(b).into, position(b)]
  const [q0, q1, q2] = [mix(p0, p1, t), mix(p1, p2, t), mix(p2, p3, t)]
  const [r0, r1] = [mix(q0, q1, t), mix(q1, q2, t)]
  return [
    node(p0, handles(a).into, q0),
    node(mix(r0, r1, t), r0, r1),
    node(p3, q2, handles(b).out),
  ]
}

/** A Bezier node from its place and the absolute places of its two handles. */
function node([x, y]: Point, into: Point, out: Point): PathPoint {
  return [round(x), round(y), round(into[0] - x), round(into[1] - y), round(out[0] - x), round(out[1] - y)]
}
