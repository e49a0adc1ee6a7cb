/** What every tool and every action is: facts for the column, the palette and the key sheet, and what it does. */
import type { ShallowRef } from 'vue'

import type { Path } from '@/api/types'
import type { IconName } from '@/shared/icons'
import type { Affine } from '@/shared/rigid'
import type { Point, View, ViewerHandle, ViewerPointer } from '@/viewer'

import type { Draft, Instead } from '../model/draft'
import type { Region } from '../model/regions'
import type { useAnnotations } from '../store'

/** A note being written; without uid it is new. */
export interface Writing {
  uid?: string
  at: Point
  text: string
}

/** What tools and actions work with. */
export interface Desk {
  readonly store: ReturnType<typeof useAnnotations>
  readonly draft: ShallowRef<Draft>
  readonly instead: ShallowRef<Instead>
  readonly view: () => View | undefined
  readonly between: (from: number, to: number) => Affine | undefined // one section's µm on another
  readonly viewer: ViewerHandle
  readonly um: (px: number) => number // pixels of the screen as µm of the section
  readonly mayWrite: () => boolean
  readonly visible: () => readonly Region[]
  readonly choose: (tool: string) => void
  readonly say: (words: string) => void // in the status line, in place of the hint
  readonly judgePart: (ring: Path, accept: boolean) => unknown // of the prediction under review
  readonly write: (note: Writing | undefined) => void // opens the field of a note
}

/** A tool in use. What it leaves out it does not care for. */
export interface Hand {
  press?: (pointer: ViewerPointer) => boolean // true: the drag that follows is the tool's, the section stays
  drag?: (pointer: ViewerPointer) => void
  release?: (pointer: ViewerPointer) => void
  hover?: (pointer: ViewerPointer) => void
  click?: (pointer: ViewerPointer) => void
  double?: (pointer: ViewerPointer) => void
  leave?: () => void
  key?: (name: string) => boolean // true: it meant something
  wheel?: (up: boolean) => void // with Shift held
  drop?: () => void // another tool is chosen
}

export type ToolGroup = 'Select' | 'Draw' | 'Paint' | 'Combine' | 'Look'

export interface Tool {
  name: string
  key: string
  title: string
  icon: IconName
  hint: string
  cursor: string
  group: ToolGroup
  rare?: boolean // in the column's fold-out, not in the column
  reads?: boolean // changes nothing: for everybody
  take: (desk: Desk) => Hand
}

/** Something done at once, mostly with the selected region. */
export interface Action {
  name: string
  key: string
  title: string
  group: 'Region' | 'Look'
  reads?: boolean
  hindered: (desk: Desk) => string // why it cannot be done now, in words; empty when it can
  run: (desk: Desk) => unknown
}
