/**
 * What a person did on one section, in order, and how far it was taken back. A deed knows what kind it is and holds, as
 * text and rows of numbers, what its feature needs to undo and redo it: small differences, not whole states.
 */
export type Kind = 'regions' | 'tissue' | 'alignment' | 'review'

export interface Deed {
  id: number // later deeds have larger ones
  kind: Kind
  text: string // JSON, in which `{"row": 2}` stands for the third row
  rows?: readonly Row[] // thousands of numbers make a slow and large text
}

type Row = Float64Array

/** What a feature gave, as JSON has it, with rows of numbers as they are. */
export function written(what: unknown): Required<Pick<Deed, 'text' | 'rows'>> {
  const rows: Row[] = []
  const text = JSON.stringify(what, (_, value: unknown) => (value instanceof Float64Array ? { row: rows.push(value) - 1 } : value))
  return { text, rows }
}

export const read = ({ text, rows = [] }: Pick<Deed, 'text' | 'rows'>): unknown =>
  JSON.parse(text, (_, value: { row?: number } | null) => (typeof value?.row === 'number' ? rows[value.row] : value))

const size = ({ text, rows = [] }: Deed): number => text.length + rows.reduce((sum, { byteLength }) => sum + byteLength, 0)

export interface Timeline {
  past: readonly Deed[]
  future: readonly Deed[] // taken back, the next to be redone first
}

export const MOST_BYTES = 4 << 20 // a section's deeds together; a character is a byte in memory

export const emptyTimeline: Timeline = { past: [], future: [] }

/** The newest deeds that fit; the last one stays however large it is. */
function fitting(past: readonly Deed[]): readonly Deed[] {
  let [first, bytes] = [past.length, 0]
  while (first > 0 && (first === past.length || bytes + size(past[first - 1]!) <= MOST_BYTES)) {
    bytes += size(past[--first]!)
  }
  return past.slice(first)
}

/** One more deed; what was taken back is forgotten. */
export const remembered = ({ past }: Timeline, deed: Deed): Timeline => ({ past: fitting([...past, deed]), future: [] })

/** The deed was taken back. When others were done meanwhile it only leaves the past: nothing can be redone behind them. */
export function takenBack({ past, future }: Timeline, deed: Deed): Timeline {
  const last = past.at(-1)?.id === deed.id
  return { past: past.filter((one) => one.id !== deed.id), future: last ? [deed, ...future] : future }
}

export function redone({ past, future }: Timeline, deed: Deed): Timeline {
  return future[0]?.id === deed.id ? { past: [...past, deed], future: future.slice(1) } : { past, future }
}

/** A deed that cannot be undone or redone any more leaves, so that the next key press reaches the one before. */
export const without = ({ past, future }: Timeline, { id }: Deed): Timeline => ({
  past: past.filter((one) => one.id !== id),
  future: future.filter((one) => one.id !== id),
})

/** What was done before the page had read its shelf comes after what lay there. */
export function joined(kept: Timeline, now: Timeline): Timeline {
  if (!now.past.length && !now.future.length) return kept
  return { past: fitting([...kept.past, ...now.past]), future: now.future }
}
