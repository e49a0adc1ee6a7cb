/**
 * Unsaved regions. A table of what the person wants of each region and how far the server has it; every function gives a
 * new table. A 409 is a conversation: both states are kept until the person has chosen.
 */
import type { Annotation, Paths } from '@/api/types'

import { type Shape, shapeOf } from './history'

export interface Pending {
  uid: string
  section: number
  wanted: Shape | null // null: the region is to be deleted
  version: number // of the server's state this rests on; 0: the server has none
  state: 'waiting' | 'sending' | 'conflict' | 'refused'
  sent?: Shape | null
  theirs?: Annotation
  message?: string // why the server refused
}

export type Outbox = ReadonlyMap<string, Pending>
/** What to keep of a conflict; `both` makes a second region of mine, `union` one region of the two. */
export type Choice = { keep: 'mine' } | { keep: 'theirs' } | { keep: 'both'; newUid: string } | { keep: 'union'; paths: Paths }

const put = (outbox: Outbox, entry: Pending): Outbox => new Map(outbox).set(entry.uid, entry)

function drop(outbox: Outbox, uid: string): Outbox {
  const left = new Map(outbox)
  left.delete(uid)
  return left
}

/** The person wants the region like this. `version` is the server's, for a region that has nothing pending yet. */
export function want(outbox: Outbox, uid: string, section: number, wanted: Shape | null, version: number): Outbox {
  const old = outbox.get(uid)
  if (!wanted && (old?.version ?? version) === 0 && old?.state !== 'sending') return drop(outbox, uid)
  const state = old?.state === 'sending' || old?.state === 'conflict' ? old.state : 'waiting'
  return put(outbox, { ...old, uid, section, wanted, version: old?.version ?? version, state, message: undefined })
}

export function sending(outbox: Outbox, uid: string): Outbox {
  const entry = outbox.get(uid)!
  return put(outbox, { ...entry, state: 'sending', sent: entry.wanted })
}

/** The server has what was sent, as this version; what was changed meanwhile waits for the next turn. */
export function stored(outbox: Outbox, uid: string, version: number): Outbox {
  const { sent, ...entry } = outbox.get(uid)!
  return entry.wanted === sent ? drop(outbox, uid) : put(outbox, { ...entry, version, state: 'waiting' })
}

/** No answer: nobody knows whether it arrived, so it is sent again. */
export function unanswered(outbox: Outbox, uid: string): Outbox {
  return put(outbox, { ...outbox.get(uid)!, state: 'waiting' })
}

const same = (a: Shape, b: Shape) => JSON.stringify(shapeOf(a)) === JSON.stringify(shapeOf(b))

/** 409. When theirs is what we sent (its answer was lost), it is stored; otherwise the person has to look. */
export function clash(outbox: Outbox, uid: string, theirs: Annotation): Outbox {
  const entry = outbox.get(uid)!
  const sent = entry.sent ?? null
  const arrived = sent ? !theirs.deleted && same(sent, theirs) : theirs.deleted
  return arrived ? stored(outbox, uid, theirs.version) : put(outbox, { ...entry, state: 'conflict', theirs })
}

/** The server will not have it like this, e.g. an outline outside the section. It stays here until it is changed. */
export function refused(outbox: Outbox, uid: string, message: string): Outbox {
  return put(outbox, { ...outbox.get(uid)!, state: 'refused', message })
}

/** What the person chose of a conflict. */
export function resolve(outbox: Outbox, uid: string, choice: Choice): Outbox {
  const { theirs, wanted, section } = outbox.get(uid)!
  if (!theirs) throw new Error(`region ${uid} has no conflict to resolve`)
  const onTop = { uid, section, version: theirs.version, state: 'waiting' } as const
  if (choice.keep === 'mine') return put(outbox, { ...onTop, wanted })
  if (choice.keep === 'union') return put(outbox, { ...onTop, wanted: { ...shapeOf(wanted ?? theirs), paths: choice.paths } })
  const left = drop(outbox, uid)
  return choice.keep === 'both' && wanted ? put(left, { uid: choice.newUid, section, wanted, version: 0, state: 'waiting' }) : left
}

/** The save state as a word. */
export function saveWord(outbox: Outbox, offline: boolean): string {
  const states = [...outbox.values()].map((entry) => entry.state)
  if (states.includes('conflict')) return 'conflict: look'
  if (states.includes('refused')) return 'not saved: look'
  if (!states.length) return 'saved'
  return offline ? `${states.length} ${states.length === 1 ? 'change' : 'changes'}, offline` : 'saving'
}
