/** Strokes that the server does not have yet, kept in this browser so that a reload or a crash loses nothing. */
import type { Changes } from './model/strokes'

export interface Place {
  person: string
  brain: string
  section: number
}

const key = ({ person, brain, section }: Place): string => `brodmann.tissue.${person}.${brain}.${section}`

export function shelve(place: Place, changes: Changes): void {
  if (changes.added.length || changes.removed.length) localStorage.setItem(key(place), JSON.stringify(changes))
  else localStorage.removeItem(key(place))
}

/** What was left; nothing where it cannot be read. */
export function unshelve(place: Place): Changes {
  try {
    const { added, removed } = JSON.parse(localStorage.getItem(key(place)) ?? '') as Changes
    return { added: Array.isArray(added) ? added : [], removed: Array.isArray(removed) ? removed : [] }
  } catch {
    return { added: [], removed: [] }
  }
}
