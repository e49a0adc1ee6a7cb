/** What a tool shows above the regions while it is used. Always a new value: the overlay draws it when it changes. */
import type { Paths } from '@/api/types'

import type { Point } from './geometry'

/** A stroke of the brush that is not part of a region yet. */
export interface DraftStroke {
  points: readonly Point[]
  radius_um: number
  erase: boolean
  area: string
}

export interface Draft {
  line?: readonly Point[] // a path being drawn
  nodes?: boolean // its points as squares, and a line on to the pointer
  marks?: boolean // its points as squares
  strokes?: readonly DraftStroke[]
  ring_um?: number // radius of a circle around the pointer
  outcome?: readonly Paths[] // outlines that would come of it
  caught?: Point // a place of another outline that catches what is drawn
  words?: { at: Point; text: string }
}

/** Whether it has to be drawn again where the pointer goes. */
export const followsPointer = (draft: Draft): boolean => !!draft.nodes || draft.ring_um !== undefined

export const NO_DRAFT: Draft = {}

/** Outlines shown in place of the stored ones, by region; no paths at all: the region is not shown. */
export type Instead = ReadonlyMap<string, Paths>
export const NOTHING_INSTEAD: Instead = new Map()
