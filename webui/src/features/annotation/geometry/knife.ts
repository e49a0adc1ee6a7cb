/** A region cut along a line drawn across it: both sides share the cut point by point. */
import { Clipper, ClipType, type Path64, type Point64 } from 'clipper2-ts'

import type { Paths } from '@/api/types'

import type { Point } from '../model/geometry'
import { clip } from './combine'
import { flatten, PER_UM, restore } from './flatten'

interface Crossing {
  along: number // place on the line, in segments and their parts
  ring: number
  edge: number
  share: number // of the edge
  point: Point64
}

const same = (a: Point64, b: Point64): boolean => a.x === b.x && a.y === b.y

function crossingsOf(rings: readonly Path64[], line: Path64): Crossing[] {
  const found: Crossing[] = []
  for (let piece = 0; piece + 1 < line.length; piece++) {
    const [p, q] = [line[piece]!, line[piece + 1]!]
    rings.forEach((points, ring) => points.forEach((a, edge) => {
      const b = points[(edge + 1) % points.length]!
      const [rx, ry, sx, sy] = [q.x - p.x, q.y - p.y, b.x - a.x, b.y - a.y]
      const turn = rx * sy - ry * sx
      if (turn === 0) return
      const t = ((a.x - p.x) * sy - (a.y - p.y) * sx) / turn
      const share = ((a.x - p.x) * ry - (a.y - p.y) * rx) / turn
      if (t < 0 || t >= 1 || share < 0 || share >= 1) return
      found.push({ along: piece + t, ring, edge, share, point: { x: Math.round(p.x + t * rx), y: Math.round(p.y + t * ry) } })
    }))
  }
  return found.sort((a, b) => a.along - b.along)
}

/** The rings with every crossing as a point of its own. */
function withCrossings(rings: readonly Path64[], crossings: readonly Crossing[]): Path64[] {
  return rings.map((points, ring) => points.flatMap((point, edge) => {
    const here = crossings.filter((one) => one.ring === ring && one.edge === edge).sort((a, b) => a.share - b.share)
    const added = here.map((one) => one.point).filter((one) => !same(one, point) && !same(one, points[(edge + 1) % points.length]!))
    return [point, ...added]
  }))
}

function inside(rings: readonly Path64[], { x, y }: Point64): boolean {
  let odd = false
  for (const points of rings) {
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [a, b] = [points[i]!, points[j]!]
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) odd = !odd
    }
  }
  return odd
}

/** The pieces of the line that run inside the region, from edge to edge. */
function chordsOf(rings: readonly Path64[], line: Path64, crossings: readonly Crossing[]): Path64[] {
  const chords: Path64[] = []
  for (let index = 0; index + 1 < crossings.length; index++) {
    const [from, to] = [crossings[index]!, crossings[index + 1]!]
    const between = line.filter((_, at) => at > from.along && at < to.along)
    const chord = [from.point, ...between, to.point]
    const middle = { x: (chord[0]!.x + chord[1]!.x) / 2, y: (chord[0]!.y + chord[1]!.y) / 2 }
    if (!same(from.point, to.point) && inside(rings, middle)) chords.push(chord)
  }
  return chords
}

const from = (ring: Path64, start: number): Path64 => [...ring.slice(start), ...ring.slice(0, start)]

/** One cut: a ring falls in two; two rings, an outer one and a hole, become one. */
function cut(rings: Path64[], chord: Path64): Path64[] {
  const [a, b, between] = [chord[0]!, chord.at(-1)!, chord.slice(1, -1)]
  const at = (ring: Path64, point: Point64) => ring.findIndex((one) => same(one, point))
  const both = rings.findIndex((ring) => at(ring, a) >= 0 && at(ring, b) >= 0)
  const back = [...between].reverse()
  if (both >= 0) {
    const ring = from(rings[both]!, at(rings[both]!, a))
    const end = at(ring, b)
    const halves = [[...ring.slice(0, end + 1), ...back], [...ring.slice(end), ring[0]!, ...between]]
    return [...rings.filter((_, index) => index !== both), ...halves]
  }
  const [first, second] = [rings.findIndex((ring) => at(ring, a) >= 0), rings.findIndex((ring) => at(ring, b) >= 0)]
  if (first < 0 || second < 0) return rings
  const joined = [...from(rings[first]!, at(rings[first]!, a)), a, ...between, ...from(rings[second]!, at(rings[second]!, b)), b, ...back]
  return [...rings.filter((_, index) => index !== first && index !== second), joined]
}

/** The pieces that a line makes of a region, the largest first; one piece alone when it does not cut through. */
export function knife(paths: Paths, drawn: readonly Point[]): Paths[] {
  const { rings: raw, curves } = flatten(paths)
  const whole = clip(ClipType.Union, raw, []).flat() // outer rings turn one way, holes the other
  const line = drawn.map(([x, y]) => ({ x: Math.round(x * PER_UM), y: Math.round(y * PER_UM) }))
  const crossings = crossingsOf(whole, line)
  const rings = chordsOf(whole, line, crossings).reduce(cut, withCrossings(whole, crossings))
  const outer = rings.filter((ring) => Clipper.area(ring) > 0)
  const holes = rings.filter((ring) => Clipper.area(ring) < 0)
  const found = outer.flatMap((ring) => clip(ClipType.Union, [ring, ...holes.filter((hole) => inside([ring], hole[0]!))], []))
  return found.sort((a, b) => Math.abs(Clipper.area(b[0]!)) - Math.abs(Clipper.area(a[0]!))).map((one) => restore(one, curves))
}
