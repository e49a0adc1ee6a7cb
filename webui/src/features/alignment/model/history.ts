/** Undo and redo of the moves since the last save, and what a save changed. */
import type { RigidTransform } from '@/api/types'

import type { Side } from './neighbour'

/** What a save changed of a step: the transform set by hand, null where there was none. */
export interface Saved {
  brain: string
  side: Side // on which the neighbour was
  owner: number // the section whose step it is
  before: RigidTransform | null
  after: RigidTransform | null
}

export interface Moves {
  current: RigidTransform | undefined // undefined: as the step says
  past: readonly (RigidTransform | undefined)[]
  future: readonly (RigidTransform | undefined)[]
}

export const UNMOVED: Moves = { current: undefined, past: [], future: [] }

export const moved = ({ current, past }: Moves, next: RigidTransform): Moves => ({ current: next, past: [...past, current], future: [] })

export const back = ({ current, past, future }: Moves): Moves =>
  past.length ? { current: past.at(-1), past: past.slice(0, -1), future: [current, ...future] } : { current, past, future }

export const forth = ({ current, past, future }: Moves): Moves =>
  future.length ? { current: future[0], past: [...past, current], future: future.slice(1) } : { current, past, future }
