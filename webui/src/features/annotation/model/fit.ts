/**
 * Smooth curves through drawn points: piecewise cubic Beziers by least squares, split where they are farthest off
 * (Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems, 1990).
 */
import type { Path, PathPoint } from '@/api/types'

import type { Point } from './geometry'

type Cubic = readonly [Point, Point, Point, Point]

const ROUNDS = 4 // of moving the parameters, as long as the fit is nearly good enough
const NEARLY = 16 // times the squared tolerance
const DENSE = 6 // points this many tolerances apart, or fewer of them on a very long way
const MOST_POINTS = 20_000
const CLOSED_PIECES = 4 // a closed curve has at least so many nodes

const add = (a: Point, b: Point): Point => [a[0] + b[0], a[1] + b[1]]
const minus = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1]]
const times = (a: Point, factor: number): Point => [a[0] * factor, a[1] * factor]
const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1]
const length = (a: Point): number => Math.hypot(a[0], a[1])
const unit = (a: Point): Point => times(a, 1 / (length(a) || 1))

function at([p0, p1, p2, p3]: Cubic, t: number): Point {
  const s = 1 - t
  const part = (axis: 0 | 1) => s * s * s * p0[axis] + 3 * s * s * t * p1[axis] + 3 * s * t * t * p2[axis] + t * t * t * p3[axis]
  return [part(0), part(1)]
}

/** Shares of the way along the points. */
function chordShares(points: readonly Point[]): number[] {
  const along = [0]
  for (let index = 1; index < points.length; index++) along.push(along[index - 1]! + length(minus(points[index]!, points[index - 1]!)))
  const whole = along.at(-1) || 1
  return along.map((way) => way / whole)
}

/** The cubic with these end tangents that is nearest to the points at their parameters. */
function nearest(points: readonly Point[], shares: readonly number[], start: Point, end: Point): Cubic {
  const [first, last] = [points[0]!, points.at(-1)!]
  let [c00, c01, c11, x0, x1] = [0, 0, 0, 0, 0]
  points.forEach((point, index) => {
    const t = shares[index]!
    const [b0, b1, b2, b3] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    const [a1, a2] = [times(start, b1), times(end, b2)]
    const rest = minus(point, add(times(first, b0 + b1), times(last, b2 + b3)))
    c00 += dot(a1, a1)
    c01 += dot(a1, a2)
    c11 += dot(a2, a2)
    x0 += dot(a1, rest)
    x1 += dot(a2, rest)
  })
  const turn = c00 * c11 - c01 * c01
  const chord = minus(last, first)
  let [out, into] = Math.abs(turn) > 1e-12 ? [(x0 * c11 - x1 * c01) / turn, (c00 * x1 - c01 * x0) / turn] : [0, 0]
  const least = 1e-6 * length(chord)
  const crossing = dot(times(start, out), chord) - dot(times(end, into), chord) > dot(chord, chord)
  if (out < least || into < least || crossing) out = into = length(chord) / 3
  return [first, add(first, times(start, out)), add(last, times(end, into)), last]
}

function farthest(points: readonly Point[], shares: readonly number[], curve: Cubic): { index: number; off2: number } {
  let [index, off2] = [points.length >> 1, 0]
  for (let one = 1; one < points.length - 1; one++) {
    const away = minus(at(curve, shares[one]!), points[one]!)
    if (dot(away, away) > off2) [index, off2] = [one, dot(away, away)]
  }
  return { index, off2 }
}

/** One step of Newton's method towards the foot of each point on the curve. */
function moved(points: readonly Point[], shares: readonly number[], curve: Cubic): number[] {
  const [p0, p1, p2, p3] = curve
  const [d0, d1, d2] = [times(minus(p1, p0), 3), times(minus(p2, p1), 3), times(minus(p3, p2), 3)]
  const [e0, e1] = [times(minus(d1, d0), 2), times(minus(d2, d1), 2)]
  return points.map((point, index) => {
    const t = shares[index]!
    const away = minus(at(curve, t), point)
    const speed = add(add(times(d0, (1 - t) ** 2), times(d1, 2 * t * (1 - t))), times(d2, t * t))
    const bend = add(times(e0, 1 - t), times(e1, t))
    const slope = dot(speed, speed) + dot(away, bend)
    return slope ? Math.min(1, Math.max(0, t - dot(away, speed) / slope)) : t
  })
}

function fitPiece(points: readonly Point[], start: Point, end: Point, tolerance_um: number): Cubic[] {
  const [first, last] = [points[0]!, points.at(-1)!]
  if (points.length === 2) {
    const third = length(minus(last, first)) / 3
    return [[first, add(first, times(start, third)), add(last, times(end, third)), last]]
  }
  let shares = chordShares(points)
  let worst = { index: points.length >> 1, off2: Infinity }
  for (let round = 0; round <= ROUNDS; round++) {
    const curve = nearest(points, shares, start, end)
    worst = farthest(points, shares, curve)
    if (worst.off2 <= tolerance_um ** 2) return [curve]
    if (worst.off2 > NEARLY * tolerance_um ** 2) break
    shares = moved(points, shares, curve)
  }
  const middle = unit(minus(points[worst.index - 1]!, points[worst.index + 1]!))
  return [
    ...fitPiece(points.slice(0, worst.index + 1), start, middle, tolerance_um),
    ...fitPiece(points.slice(worst.index), times(middle, -1), end, tolerance_um),
  ]
}

/** More points on long straight ways, so that curves keep to them. */
function dense(points: readonly Point[], step: number): Point[] {
  return points.flatMap((point, index) => {
    const next = points[index + 1]
    const count = next ? Math.max(1, Math.ceil(length(minus(next, point)) / step)) : 1
    return Array.from({ length: count }, (_, part) => (part ? add(point, times(minus(next!, point), part / count)) : point))
  })
}

/** A Bezier path along points, within the tolerance; closed ones come without a repeated first point. */
export function fit(drawn: readonly Point[], tolerance_um: number, closed: boolean): Path {
  const apart = drawn.filter((point, index) => !index || length(minus(point, drawn[index - 1]!)) > 1e-9)
  if (closed && length(minus(apart[0]!, apart.at(-1)!)) > 1e-9) apart.push(apart[0]!)
  const way = apart.reduce((sum, point, index) => sum + (index ? length(minus(point, apart[index - 1]!)) : 0), 0)
  const points = dense(apart, Math.max(DENSE * tolerance_um, way / MOST_POINTS))
  const last = points.length - 1
  if (apart.length <= (closed ? 3 : 1)) return apart.slice(0, closed ? -1 : undefined).map(rounded)
  const pieces = closed ? Math.min(CLOSED_PIECES, last) : 1
  const cuts = Array.from({ length: pieces + 1 }, (_, piece) => Math.round((piece * last) / pieces))
  /** Forward direction of the line at a point. */
  const direction = (index: number): Point => {
    const [before, behind] = closed && index % last === 0 ? [last - 1, 1] : [Math.max(0, index - 1), Math.min(last, index + 1)]
    return unit(minus(points[behind]!, points[before]!))
  }
  const curves = cuts.slice(1).flatMap((cut, piece) =>
    fitPiece(points.slice(cuts[piece]!, cut + 1), direction(cuts[piece]!), times(direction(cut), -1), tolerance_um))
  return nodesOf(curves, closed)
}

const rounded = ([x, y]: Point): PathPoint => [round(x), round(y)]
const round = (value: number): number => Math.round(value * 100) / 100

function nodesOf(curves: readonly Cubic[], closed: boolean): Path {
  const node = (before: Cubic | undefined, after: Cubic | undefined): PathPoint => {
    const place = (after?.[0] ?? before?.[3])!
    const into = before ? minus(before[2], place) : ([0, 0] as Point)
    const out = after ? minus(after[1], place) : ([0, 0] as Point)
    return [...rounded(place).slice(0, 2), ...into.map(round), ...out.map(round)] as PathPoint
  }
  const nodes = curves.map((curve, index) => node(curves[index - 1] ?? (closed ? curves.at(-1) : undefined), curve))
  return closed ? nodes : [...nodes, node(curves.at(-1), undefined)]
}
