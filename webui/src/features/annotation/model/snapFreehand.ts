/** A freehand trail that runs along other regions' borders takes them over; between them it is fitted as ever. Pure. */
import type { Path, PathPoint } from '@/api/types'

import type { Outline } from './borders'
import { freehandPath } from './drawing'
import { fit } from './fit'
import { followed } from './follow'
import { corner, type Point, simplify } from './geometry'
import { snap } from './snap'

interface Way {
  tolerance_um: number
  reach_um: number // a border as near as this is taken over
  corners: boolean // no curves
}

/** A stretch of the trail on a border, from one place of it to another one. */
interface Stretch {
  from: number
  to: number
}

/** Stretches of a ring of points, none of which begins before the first point and ends after the last. */
function stretches(caught: readonly (Point | undefined)[]): Stretch[] {
  const found: Stretch[] = []
  caught.forEach((point, at) => {
    if (!point) return
    if (at && caught[at - 1]) found.at(-1)!.to = at
    else found.push({ from: at, to: at })
  })
  return found
}

const handles = (node: PathPoint): [number, number, number, number] => (node.length === 6 ? [node[2], node[3], node[4], node[5]] : [0, 0, 0, 0])

/** One node with the way into it of one and the way out of the other. */
function joint(before: PathPoint, after: PathPoint): PathPoint {
  const [ix, iy] = handles(before)
  const [, , ox, oy] = handles(after)
  return ix || iy || ox || oy ? [after[0], after[1], ix, iy, ox, oy] : [after[0], after[1]]
}

/** Open pieces, each of which begins where the one before ends, as one closed path. */
function closed(pieces: readonly Path[]): Path {
  return pieces.flatMap((piece, index) => [joint(pieces.at(index - 1)!.at(-1)!, piece[0]!), ...piece.slice(1, -1)])
}

/** The closed path of a trail; undefined for a mere twitch. */
export function snappedFreehand(outlines: readonly Outline[], trail: readonly Point[], { tolerance_um, reach_um, corners }: Way): Path | undefined {
  const all = trail.map((point) => snap(outlines, point, reach_um))
  const free = all.findIndex((point) => !point)
  if (free < 0 || all.every((point) => !point)) return freehandPath(trail, tolerance_um, corners)
  // Begun off every border, a stretch is never cut in two by the trail's own beginning.
  const turn = <T>(list: readonly T[]): T[] => [...list.slice(free), ...list.slice(0, free)]
  const [points, caught] = [turn(trail), turn(all)]
  const touched = stretches(caught)
  const between = (points_: readonly Point[]): Path => (corners ? simplify(points_, tolerance_um).map(corner) : fit(points_, tolerance_um, false))
  const pieces = touched.flatMap(({ from, to }, index) => {
    const next = touched[(index + 1) % touched.length]!
    const off = next.from > to ? points.slice(to + 1, next.from) : [...points.slice(to + 1), ...points.slice(0, next.from)]
    const along = from === to ? [] : [followed(outlines, [corner(caught[from]!), corner(caught[to]!)], false)]
    return [...along, between([caught[to]!, ...off, caught[next.from]!])]
  })
  const path = closed(pieces)
  return path.length < 3 ? undefined : path
}
