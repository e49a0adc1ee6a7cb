/** The drawing tools as data and as pure steps; pointer and keys are fed in by the composable. */
import type { Path } from '@/api/types'

import { corner, type Point, simplify } from './geometry'

export type ToolName = 'select' | 'polygon' | 'freehand' | 'erase'

export interface Tool {
  name: ToolName
  key: string
  title: string
  icon: 'select' | 'polygon' | 'freehand' | 'eraser'
  hint: string
  cursor: string
}

export const TOOLS: readonly Tool[] = [
  {
    name: 'select', key: 'v', title: 'Select and reshape', icon: 'select', cursor: 'default',
    hint: 'click a region - drag its nodes - double-click its edge adds a node - Delete removes it - drag elsewhere to move around',
  },
  {
    name: 'polygon', key: 'p', title: 'Draw a polygon', icon: 'polygon', cursor: 'crosshair',
    hint: 'click sets a node - the first node or Enter closes, with Shift as hole or part of the selected region - Backspace - Esc',
  },
  {
    name: 'freehand', key: 'f', title: 'Draw freehand', icon: 'freehand', cursor: 'crosshair',
    hint: 'drag around the area, let go to close - Shift: hole or part of the selected region - hold Space to move around',
  },
  {
    name: 'erase', key: 'e', title: 'Take nodes away', icon: 'eraser', cursor: 'default',
    hint: 'click a node of the selected region to take it away',
  },
]

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

/** A freehand trail as a closed path, with as few nodes as keep it within the tolerance; undefined for a mere twitch. */
export function freehandPath(trail: readonly Point[], tolerance_um: number): Path | undefined {
  const nodes = simplify(trail, tolerance_um)
  const [first, last] = [nodes[0], nodes.at(-1)]
  if (first && last && nodes.length > 1 && Math.hypot(first[0] - last[0], first[1] - last[1]) <= tolerance_um) nodes.pop()
  return nodes.length < FEWEST_NODES ? undefined : nodes.map(corner)
}
