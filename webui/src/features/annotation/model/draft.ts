/** What a tool shows above the regions while it is used. Always a new value: the overlay draws it when it changes. */
import type { Paths } from '@/api/types'

import type { Point } from './geometry'

export interface Draft {
  line?: readonly Point[] // a path being drawn
  nodes?: boolean // its points as squares, and a line on to the pointer
}

export const NO_DRAFT: Draft = {}

/** Outlines shown in place of the stored ones, by region; no paths at all: the region is not shown. */
export type Instead = ReadonlyMap<string, Paths>
export const NOTHING_INSTEAD: Instead = new Map()
