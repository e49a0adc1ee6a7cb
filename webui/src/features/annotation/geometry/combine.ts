/** Union, difference, intersection and division of outlines, and strokes of a brush on them. Takes time: call it through the worker. */
import { Clipper, ClipType, ClipperOffset, EndType, FillRule, JoinType, type Path64, type PolyPath64, PolyTree64 } from 'clipper2-ts'

import type { Paths } from '@/api/types'

import { type Point, simplify } from '../model/geometry'
import { type Flat, flatten, PER_UM, restore } from './flatten'

export type Combination = 'union' | 'subtract' | 'intersect'

const CLIP: Record<Combination, ClipType> = { union: ClipType.Union, subtract: ClipType.Difference, intersect: ClipType.Intersection }
const LEAST_AREA = PER_UM ** 2 // 1 µm²: what is smaller comes from rounding

/** Outer rings, each with the holes in it. */
export function pieces(tree: PolyPath64): Path64[][] {
  const found: Path64[][] = []
  for (let index = 0; index < tree.count; index++) {
    const outer = tree.child(index)
    const holes = Array.from({ length: outer.count }, (_, at) => outer.child(at))
    found.push([outer.poly!, ...holes.map((hole) => hole.poly!)].filter((ring) => Math.abs(Clipper.area(ring)) >= LEAST_AREA))
    for (const hole of holes) found.push(...pieces(hole))
  }
  return found.filter((rings) => rings.length)
}

/** Both under the even-odd rule, as regions are, or under another one. */
export function clip(type: ClipType, subject: Path64[], other: Path64[], rule = FillRule.EvenOdd): Path64[][] {
  const tree = new PolyTree64()
  Clipper.booleanOpWithPolyTree(type, subject, other, tree, rule)
  return pieces(tree)
}

const apply = (type: ClipType, a: Flat, b: Flat): Paths[] =>
  clip(type, a.rings, b.rings).map((rings) => restore(rings, [...a.curves, ...b.curves]))

/** What comes of the first region; no paths at all where nothing is left. */
export const combine = (how: Combination, a: Paths, b: Paths): Paths => apply(CLIP[how], flatten(a), flatten(b)).flat()

/** The first region divided along the outline of the second: every piece, the largest first. */
export function divide(a: Paths, b: Paths): Paths[] {
  const [flat, other] = [flatten(a), flatten(b)]
  return largestFirst([...apply(ClipType.Intersection, flat, other), ...apply(ClipType.Difference, flat, other)])
}

/** The parts of a region, each with its holes, the largest first. */
export const parts = (paths: Paths): Paths[] => largestFirst(apply(ClipType.Union, flatten(paths), { rings: [], curves: [] }))

const size = (paths: Paths): number => Math.abs(Clipper.area(flatten(paths.slice(0, 1)).rings[0]!))
const largestFirst = (found: Paths[]): Paths[] =>
  found.map((paths) => ({ paths, size: size(paths) })).sort((a, b) => b.size - a.size).map(({ paths }) => paths)

/** What a round brush covers on its way, with no more points than keep it within the tolerance. */
export function stroke(trail: readonly Point[], radius_um: number, tolerance_um: number): Path64[] {
  const way = simplify(trail, tolerance_um).map(([x, y]) => ({ x: Math.round(x * PER_UM), y: Math.round(y * PER_UM) }))
  const offset = new ClipperOffset(2, tolerance_um * PER_UM)
  offset.addPath(way, JoinType.Round, EndType.Round)
  const covered: Path64[] = []
  offset.execute(radius_um * PER_UM, covered)
  return covered
}

export interface Stroke {
  points: readonly Point[]
  radius_um: number
  erase: boolean
}

/** A region after a stroke of the brush or the eraser. */
export function paint(paths: Paths, { points, radius_um, erase }: Stroke, tolerance_um: number): Paths {
  const covered = { rings: stroke(points, radius_um, tolerance_um), curves: [] }
  return apply(erase ? ClipType.Difference : ClipType.Union, flatten(paths), covered).flat()
}
