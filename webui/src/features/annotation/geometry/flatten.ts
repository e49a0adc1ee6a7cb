/**
 * Outlines as rings of whole hundredths of a µm, as the clipping library wants them, and back. Curves become points on the way
 * there; where all points of a curve are still in a result, the way back makes them the same curve again, so only what was cut
 * loses its handles. Pure.
 */
import type { Path64, Point64 } from 'clipper2-ts'

import type { Path, PathPoint, Paths } from '@/api/types'

export const PER_UM = 100 // whole numbers are hundredths of a µm, as fine as coordinates are kept
const TOLERANCE = 0.5 * PER_UM // a curve's points lie this near to it

/** One curve between two nodes: the points it became, both nodes included, and its handles. */
interface Curve {
  points: Path64
  out: readonly [number, number]
  into: readonly [number, number]
}

export interface Flat {
  rings: Path64[]
  curves: Curve[]
}

const whole = (um: number): number => Math.round(um * PER_UM)
const keyOf = ({ x, y }: Point64): number => x * 2 ** 27 + y // both stay below 2^26 in size
const same = (a: Point64 | undefined, b: Point64 | undefined): boolean => !!a && !!b && a.x === b.x && a.y === b.y

function curveBetween(from: PathPoint, to: PathPoint): Curve {
  const out: [number, number] = from.length === 6 ? [from[4], from[5]] : [0, 0]
  const into: [number, number] = to.length === 6 ? [to[2], to[3]] : [0, 0]
  const [x0, y0, x3, y3] = [from[0], from[1], to[0], to[1]]
  const [x1, y1, x2, y2] = [x0 + out[0], y0 + out[1], x3 + into[0], y3 + into[1]]
  // Wang's bound on the distance between a cubic and its chords.
  const bend = Math.max(Math.hypot(x0 - 2 * x1 + x2, y0 - 2 * y1 + y2), Math.hypot(x1 - 2 * x2 + x3, y1 - 2 * y2 + y3))
  const steps = Math.max(2, Math.ceil(Math.sqrt((0.75 * bend * PER_UM) / TOLERANCE)))
  const points = Array.from({ length: steps + 1 }, (_, step): Point64 => {
    const t = step / steps
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    return { x: whole(a * x0 + b * x1 + c * x2 + d * x3), y: whole(a * y0 + b * y1 + c * y2 + d * y3) }
  })
  return { points, out, into }
}

function flattenPath(path: Path, closed: boolean): { ring: Path64; curves: Curve[] } {
  const [ring, curves]: [Path64, Curve[]] = [[], []]
  path.forEach((node, index) => {
    ring.push({ x: whole(node[0]), y: whole(node[1]) })
    const next = path[index + 1] ?? (closed ? path[0]! : undefined)
    if (!next || (node.length === 2 && next.length === 2)) return
    const curve = curveBetween(node, next)
    curves.push(curve)
    ring.push(...curve.points.slice(1, -1))
  })
  return { ring, curves }
}

export function flatten(paths: Paths, closed = true): Flat {
  const flat = paths.map((path) => flattenPath(path, closed))
  return { rings: flat.map(({ ring }) => ring), curves: flat.flatMap(({ curves }) => curves) }
}

const reversed = ({ points, out, into }: Curve): Curve => ({ points: [...points].reverse(), out: into, into: out })

/** Rings as paths again, with the curves that are whole in them. */
export function restore(rings: readonly Path64[], curves: readonly Curve[]): Paths {
  const byFirst = new Map<number, Curve[]>()
  const inner = new Set<number>()
  for (const curve of curves.flatMap((one) => [one, reversed(one)])) {
    const key = keyOf(curve.points[0]!)
    byFirst.set(key, [...(byFirst.get(key) ?? []), curve])
    for (const point of curve.points.slice(1, -1)) inner.add(keyOf(point))
  }
  return rings.map((ring) => restoreRing(ring, byFirst, inner))
}

function restoreRing(ring: Path64, byFirst: ReadonlyMap<number, Curve[]>, inner: ReadonlySet<number>): Path {
  const start = Math.max(0, ring.findIndex((point) => !inner.has(keyOf(point))))
  const at = (index: number): Point64 => ring[(start + index) % ring.length]!
  const nodes: { point: Point64; into?: readonly [number, number]; out?: readonly [number, number] }[] = []
  let into: readonly [number, number] | undefined
  for (let index = 0; index < ring.length;) {
    const curve = byFirst.get(keyOf(at(index)))?.find(({ points }) =>
      index + points.length - 1 <= ring.length && points.every((point, step) => same(point, at(index + step))),
    )
    nodes.push({ point: at(index), into, out: curve?.out })
    into = curve?.into
    index += curve ? curve.points.length - 1 : 1
  }
  if (into && nodes[0]) nodes[0].into = into
  return nodes.map(({ point, into: [ix, iy] = [0, 0], out: [ox, oy] = [0, 0] }): PathPoint => {
    const [x, y] = [point.x / PER_UM, point.y / PER_UM]
    return ix || iy || ox || oy ? [x, y, ix, iy, ox, oy] : [x, y]
  })
}
