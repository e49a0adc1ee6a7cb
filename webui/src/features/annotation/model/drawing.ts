/** Drawing as pure steps; pointer and keys are fed in by the tools. */
import type { Path } from '@/api/types'

import { fit } from './fit'
import { corner, type Point, simplify } from './geometry'

const FEWEST_NODES = 3

export interface PolygonStep {
  draft: readonly Point[]
  finished?: Path
}

const close = (draft: readonly Point[]): PolygonStep =>
  draft.length < FEWEST_NODES ? { draft } : { draft: [], finished: draft.map(corner) }

/** A click while drawing a polygon: near the first node it closes, elsewhere it adds a node. */
export function polygonClick(draft: readonly Point[], at: Point, reach_um: number): PolygonStep {
  const first = draft[0]
  if (first && draft.length >= FEWEST_NODES && Math.hypot(first[0] - at[0], first[1] - at[1]) <= reach_um) return close(draft)
  return { draft: [...draft, at] }
}

/** Keys while drawing a polygon; undefined where the key means nothing to it. */
export function polygonKey(draft: readonly Point[], key: string): PolygonStep | undefined {
  if (!draft.length) return undefined
  if (key === 'Enter') return close(draft)
  if (key === 'Backspace') return { draft: draft.slice(0, -1) }
  return key === 'Escape' ? { draft: [] } : undefined
}

/** A freehand trail as a closed path of curves, or of corners only, within the tolerance; undefined for a mere twitch. */
export function freehandPath(trail: readonly Point[], tolerance_um: number, corners = false): Path | undefined {
  const nodes = simplify(trail, tolerance_um)
  const [first, last] = [nodes[0], nodes.at(-1)]
  if (first && last && nodes.length > 1 && Math.hypot(first[0] - last[0], first[1] - last[1]) <= tolerance_um) nodes.pop()
  if (nodes.length < FEWEST_NODES) return undefined
  return corners ? nodes.map(corner) : fit(trail, tolerance_um, true)
}
