/** Where an outline crosses itself. Pure. */
import type { Path64 } from 'clipper2-ts'

import type { Point } from '../model/geometry'
import { PER_UM } from './flatten'

interface Edge {
  ax: number
  ay: number
  bx: number
  by: number
  left: number
  right: number
}

const side = ({ ax, ay, bx, by }: Edge, x: number, y: number): number => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax))

/** The place where two edges cross one another; touching is no crossing. */
function crossed(one: Edge, other: Edge): Point | undefined {
  if (Math.max(one.ay, one.by) < Math.min(other.ay, other.by) || Math.min(one.ay, one.by) > Math.max(other.ay, other.by)) return undefined
  if (side(one, other.ax, other.ay) * side(one, other.bx, other.by) >= 0) return undefined
  if (side(other, one.ax, one.ay) * side(other, one.bx, one.by) >= 0) return undefined
  const [rx, ry, sx, sy] = [one.bx - one.ax, one.by - one.ay, other.bx - other.ax, other.by - other.ay]
  const t = ((other.ax - one.ax) * sy - (other.ay - one.ay) * sx) / (rx * sy - ry * sx)
  return [(one.ax + t * rx) / PER_UM, (one.ay + t * ry) / PER_UM]
}

/** The first place from the left, in µm, where rings cross themselves or one another. */
export function crossingOf(rings: readonly Path64[]): Point | undefined {
  const edges = rings.flatMap((ring) => ring.map(({ x: ax, y: ay }, at): Edge => {
    const { x: bx, y: by } = ring[(at + 1) % ring.length]!
    return { ax, ay, bx, by, left: Math.min(ax, bx), right: Math.max(ax, bx) }
  })).sort((a, b) => a.left - b.left)
  let open: Edge[] = []
  for (const edge of edges) {
    open = open.filter((one) => one.right >= edge.left)
    for (const one of open) {
      const place = crossed(one, edge)
      if (place) return place
    }
    open.push(edge)
  }
  return undefined
}
