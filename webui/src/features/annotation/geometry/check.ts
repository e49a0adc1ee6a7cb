/** Borders that are not in order on a section: overlaps, narrow gaps, outlines that cross themselves. Takes time: call it through the worker. */
import { Clipper, ClipperOffset, ClipType, EndType, FillRule, JoinType, type Path64 } from 'clipper2-ts'

import type { Paths } from '@/api/types'

import { type Point, simplify } from '../model/geometry'
import { clip } from './combine'
import { crossingOf } from './crossing'
import { flatten, PER_UM, restore } from './flatten'
import { type Box, boxOf, common, type Flattened, grown, isWide, middleOf, pairsOf, sizeOf, touches } from './parts'

/** Something to look at; the regions by their number in the question. */
export interface Finding {
  kind: 'overlap' | 'gap' | 'crossing'
  regions: number[]
  at_um: Point
  size_um2: number
  paths: Paths // of the overlap or the gap; none of a crossing
}

const LEAST_OVERLAP = 25 * PER_UM ** 2 // 25 µm²
const ARC = 0.25 * PER_UM
const COARSE = 0.25 * PER_UM // outlines are looked along with as many nodes as keep this near
const PIECE = 0.05 * PER_UM

function finding(kind: Finding['kind'], regions: number[], parts: readonly Path64[][]): Finding {
  const largest = parts.reduce((best, one) => (sizeOf(one) > sizeOf(best) ? one : best))
  const size = parts.reduce((sum, one) => sum + sizeOf(one), 0)
  return { kind, regions, at_um: middleOf(largest), size_um2: size / PER_UM ** 2, paths: restore(parts.flat(), []) }
}

const overlaps = (all: readonly Flattened[]): Finding[] => pairsOf(all, 0).flatMap(({ a, b }) => {
  const parts = clip(ClipType.Intersection, all[a]!.rings, all[b]!.rings).filter((rings) => isWide(rings) && sizeOf(rings) >= LEAST_OVERLAP)
  return parts.length ? [finding('overlap', [a, b], parts)] : []
})

function offset(rings: Path64[], by: number): Path64[] {
  const offsetting = new ClipperOffset(2, ARC)
  offsetting.addPaths(rings, JoinType.Round, EndType.Polygon)
  const moved: Path64[] = []
  offsetting.execute(by, moved)
  return moved
}

const coarse = (ring: Path64): Path64 => {
  const points = ring.map(({ x, y }): Point => [x, y])
  return simplify([...points, points[0]!], COARSE).slice(1).map(([x, y]) => ({ x, y }))
}

/** What grows together where two regions are near one another: grown by half the width and shrunk again, without themselves. */
function grownTogether(one: Flattened, other: Flattened, near: Box, width: number): Path64[] {
  const window = grown(near, width)
  const [a, b] = [one, other].map(({ rings }) => Clipper.rectClip(window, rings).map(coarse)) as [Path64[], Path64[]]
  if (!a.length || !b.length) return []
  const both = clip(ClipType.Union, a, b).flat()
  const between = clip(ClipType.Difference, offset(offset(both, width / 2), -width / 2), both).filter((part) => sizeOf(part) > width ** 2 / 8)
  return offset(between.flat(), 1.5 * COARSE) // onto the regions, whose outlines then cut it to size
}

/** Narrower than this between two regions or more, and as large as half a square of that width. */
function gaps(all: readonly Flattened[], width: number): Finding[] {
  const joined = pairsOf(all, width).flatMap(({ a, b, box }) => grownTogether(all[a]!, all[b]!, box, width))
  return clip(ClipType.Union, joined, [], FillRule.NonZero).flatMap((rings) => {
    const near = all.flatMap(({ box }, index) => (common(grown(box, PIECE), boxOf(rings)) ? [index] : []))
    const free = near.reduce((left, one) => clip(ClipType.Difference, left, all[one]!.rings).flat(), rings)
    return clip(ClipType.Union, free, []).flatMap((piece) => {
      if (sizeOf(piece) < width ** 2 / 2 || !isWide(piece)) return []
      const beside = near.filter((one) => touches(all[one]!, piece))
      return beside.length > 1 ? [finding('gap', beside, [piece])] : []
    })
  })
}

const crossings = (all: readonly Flattened[]): Finding[] => all.flatMap(({ rings }, index) => {
  const at_um = crossingOf(rings)
  return at_um ? [{ kind: 'crossing' as const, regions: [index], at_um, size_um2: 0, paths: [] }] : []
})

/** What is not in order between these regions: crossings first, then the largest. */
export function check(regions: readonly Paths[], gap_um: number): Finding[] {
  const all = regions.map((paths): Flattened => {
    const { rings } = flatten(paths)
    return { rings, box: boxOf(rings) }
  })
  const sized = [...overlaps(all), ...gaps(all, gap_um * PER_UM)].sort((a, b) => b.size_um2 - a.size_um2)
  return [...crossings(all), ...sized]
}
