/** Undo and redo: every edit of a region knows what was before and what is after. */
import type { Paths, ShapeKind } from '@/api/types'

export interface Shape {
  area: string
  paths: Paths
  shape: ShapeKind
  text: string // what a note says
  order: number // place in the stack, higher on top
}

/** The part of a region or an annotation that a person draws, and that undo gives back. */
export function shapeOf({ area, paths, shape, text, order }: Shape): Shape {
  return { area, paths, shape, text, order }
}

export const outlined = (area: string, paths: Paths): Shape => ({ area, paths, shape: 'region', text: '', order: 0 })

export interface Edit {
  uid: string
  before: Shape | undefined // undefined: the region was not there
  after: Shape | undefined // undefined: the region is gone
}

export interface History {
  past: readonly Edit[]
  future: readonly Edit[]
}

const LONGEST = 500

export const emptyHistory: History = { past: [], future: [] }

export const inverse = ({ uid, before, after }: Edit): Edit => ({ uid, before: after, after: before })

export function remember(history: History, edit: Edit): History {
  return { past: [...history.past, edit].slice(-LONGEST), future: [] }
}

/** The edit that undoes the last one, with the history after it. */
export function undo({ past, future }: History): { edit: Edit; history: History } | undefined {
  const last = past.at(-1)
  return last && { edit: inverse(last), history: { past: past.slice(0, -1), future: [last, ...future] } }
}

export function redo({ past, future }: History): { edit: Edit; history: History } | undefined {
  const next = future[0]
  return next && { edit: next, history: { past: [...past, next], future: future.slice(1) } }
}
