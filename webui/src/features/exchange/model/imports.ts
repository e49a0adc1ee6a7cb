/** What was imported before, and what undoing it did, in words. */
import type { LeftAlone, StoredImport } from '@/api/types'
import { count, sectionNumber } from '@/shared/format'

import { contents } from './found'

const MOST_TOLD = 12

/** One import, e.g. `12 regions on 5 sections`. */
export function importWords({ regions, lines, texts, sections, finished }: StoredImport): string {
  if (!finished) return 'An import that broke off'
  return `${contents({ regions, lines, texts })} on ${count(sections, 'section')}`
}

export interface Undone {
  key: string // the import
  way: 'undo' | 'redo'
  moved: number
  kept: readonly LeftAlone[]
}

/** What undoing, or redoing, did; what was left alone follows in `keptWords`. */
export function undoneWords({ way, moved, kept }: Pick<Undone, 'way' | 'moved' | 'kept'>): string {
  const deed = way === 'undo' ? 'deleted again' : 'restored'
  const stay = way === 'undo' ? 'kept' : 'stay deleted'
  return `${moved || 'Nothing'} ${deed}${kept.length ? `, ${kept.length} ${stay}:` : '.'}`
}

export interface Kept {
  section: number
  words: string
}

/** What was left alone, by section; `more` is how many sections are not told. */
export function keptWords(kept: readonly LeftAlone[]): { told: Kept[]; more: number } {
  const sections = new Map<number, string[]>()
  for (const { section, area, why } of kept) sections.set(section, [...(sections.get(section) ?? []), `${area} ${why}`])
  const told = [...sections].sort(([a], [b]) => a - b)
  return {
    told: told.slice(0, MOST_TOLD).map(([section, words]) => ({ section, words: `section ${sectionNumber(section)}: ${[...new Set(words)].join(', ')}` })),
    more: Math.max(0, told.length - MOST_TOLD),
  }
}
