/** Regions and pieces of them as rings of hundredths of a µm: sizes, places and what lies near what. Pure. */
import { Clipper, type Path64 } from 'clipper2-ts'

import type { Point } from '../model/geometry'
import { PER_UM } from './flatten'

/** In hundredths of a µm. */
export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

export interface Flattened {
  rings: Path64[]
  box: Box
}

const LEAST_WIDTH = 0.5 * PER_UM // what is narrower comes from rounding
const TOUCH = 0.05 * PER_UM

export function boxOf(rings: readonly Path64[]): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const ring of rings) {
    for (const { x, y } of ring) {
      if (x < box.left) box.left = x
      if (x > box.right) box.right = x
      if (y < box.top) box.top = y
      if (y > box.bottom) box.bottom = y
    }
  }
  return box
}

export const grown = ({ left, top, right, bottom }: Box, by: number): Box => ({ left: left - by, top: top - by, right: right + by, bottom: bottom + by })

export function common(a: Box, b: Box): Box | undefined {
  const box = { left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) }
  return box.left <= box.right && box.top <= box.bottom ? box : undefined
}

/** Holes turn the other way, so they count against. */
export const sizeOf = (rings: readonly Path64[]): number => Math.abs(rings.reduce((sum, ring) => sum + Clipper.area(ring), 0))

const perimeter = (rings: readonly Path64[]): number =>
  rings.reduce((sum, ring) => ring.reduce((way, { x, y }, at) => way + Math.hypot(x - ring.at(at - 1)!.x, y - ring.at(at - 1)!.y), sum), 0)

/** Whether it has a width on the average, and is no seam left by rounding. */
export const isWide = (rings: readonly Path64[]): boolean => (2 * sizeOf(rings)) / perimeter(rings) >= LEAST_WIDTH

/** A place inside in µm: the middle of the widest stretch at half its height. */
export function middleOf(rings: readonly Path64[]): Point {
  const { left, right, top, bottom } = boxOf(rings)
  const y = (top + bottom) / 2 + 0.37 // on no corner
  const crossed = rings.flatMap((ring) => ring.flatMap((a, at) => {
    const b = ring[(at + 1) % ring.length]!
    return a.y > y !== b.y > y ? [a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)] : []
  })).sort((a, b) => a - b)
  let [from, to] = crossed.length > 1 ? [crossed[0]!, crossed[1]!] : [left, right]
  for (let at = 2; at + 1 < crossed.length; at += 2) if (crossed[at + 1]! - crossed[at]! > to - from) [from, to] = [crossed[at]!, crossed[at + 1]!]
  return [(from + to) / 2 / PER_UM, y / PER_UM]
}

/** Pairs whose boxes come as near to one another as this, each with the box that both reach into. */
export function pairsOf(all: readonly Flattened[], reach: number): { a: number; b: number; box: Box }[] {
  const order = all.map((_, index) => index).sort((a, b) => all[a]!.box.left - all[b]!.box.left)
  return order.flatMap((a, at) => {
    const found = []
    for (const b of order.slice(at + 1)) {
      if (all[b]!.box.left > all[a]!.box.right + reach) break
      const box = common(grown(all[a]!.box, reach), grown(all[b]!.box, reach))
      if (box) found.push({ a: Math.min(a, b), b: Math.max(a, b), box })
    }
    return found
  })
}

/** Whether an outline runs along some nodes of these rings. */
export function touches({ rings }: Flattened, others: readonly Path64[]): boolean {
  const box = grown(boxOf(others), TOUCH)
  const near = rings.flatMap((ring) => ring.map((p, at) => [p, ring[(at + 1) % ring.length]!] as const)).filter(([p, q]) =>
    Math.max(p.x, q.x) >= box.left && Math.min(p.x, q.x) <= box.right && Math.max(p.y, q.y) >= box.top && Math.min(p.y, q.y) <= box.bottom)
  return others.some((ring) => ring.some(({ x, y }) => near.some(([p, q]) => {
    const [dx, dy] = [q.x - p.x, q.y - p.y]
    const t = Math.min(1, Math.max(0, ((x - p.x) * dx + (y - p.y) * dy) / (dx * dx + dy * dy || 1)))
    return Math.hypot(p.x + t * dx - x, p.y + t * dy - y) <= TOUCH
  })))
}
