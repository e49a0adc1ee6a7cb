/** A timeline in the browser's database: one entry a deed, and one that says which was the last not taken back. */
import type { Deed, Timeline } from './timeline'

export interface Place {
  person: string
  project: string
  section: number
}

type Entry = readonly [key: string, value: unknown]

const ROOT = 'undo'
const DIGITS = 17
const KEPT_DAYS = 30
const DAY_MS = 86_400_000
export const IDS_PER_MS = 1000

export const placeKey = ({ person, project, section }: Place): string => `${ROOT}/${person}/${project}/${section}/`
const deedKey = (place: Place, id: number) => placeKey(place) + String(id).padStart(DIGITS, '0')
const lastKey = (place: Place) => `${placeKey(place)}last`
export const root = `${ROOT}/`

/** What must be written and what deleted so that the shelf has `now` where it had `before`. */
export function difference(place: Place, before: Timeline, now: Timeline): { put: Entry[]; gone: string[] } {
  const had = new Set([...before.past, ...before.future].map(({ id }) => id))
  const has = new Set([...now.past, ...now.future].map(({ id }) => id))
  const fresh = [...now.past, ...now.future].filter(({ id }) => !had.has(id))
  return {
    put: [...fresh.map((deed): Entry => [deedKey(place, deed.id), deed]), [lastKey(place), now.past.at(-1)?.id ?? 0]],
    gone: [...had].filter((id) => !has.has(id)).map((id) => deedKey(place, id)),
  }
}

/** The timeline in a place's entries, which come in the order of their keys. */
export function timelineOf(place: Place, entries: readonly Entry[]): Timeline {
  const deeds = entries.filter(([key]) => key !== lastKey(place)).map(([, value]) => value as Deed)
  const last = Number(entries.find(([key]) => key === lastKey(place))?.[1] ?? Infinity)
  return { past: deeds.filter(({ id }) => id <= last), future: deeds.filter(({ id }) => id > last) }
}

/** The keys of deeds nobody has asked for in a month. */
export function outdated(keys: readonly string[], now_ms: number): string[] {
  const oldest = (now_ms - KEPT_DAYS * DAY_MS) * IDS_PER_MS
  return keys.filter((key) => Number(key.slice(key.lastIndexOf('/') + 1)) < oldest)
}
