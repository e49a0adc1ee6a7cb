/** The strokes painted over a section's tissue classes, as the person wants them, and the way back. */
import type { TissueStroke } from '@/api/types'

export type Strokes = readonly TissueStroke[]

export type Edit = { kind: 'paint'; stroke: TissueStroke } | { kind: 'clear'; strokes: Strokes }

export const MOST_STROKES = 2000
export const MOST_POINTS = 5000

const text = (stroke: TissueStroke): string => JSON.stringify([stroke.tissue, stroke.radius_um, stroke.points])
export const same = (a: Strokes, b: Strokes): boolean => a === b || (a.length === b.length && a.every((one, index) => text(one) === text(b[index]!)))

/** The strokes after an edit. */
export function edited(strokes: Strokes, edit: Edit): Strokes {
  if (edit.kind === 'paint') return [...strokes, edit.stroke]
  const gone = new Set(edit.strokes.map(text))
  return strokes.filter((stroke) => !gone.has(text(stroke)))
}

/** The strokes before an edit; undefined where what it painted is not there any more. What was cleared lay below all painted since. */
export function takenBack(strokes: Strokes, edit: Edit): Strokes | undefined {
  if (edit.kind === 'clear') return [...edit.strokes, ...edited(strokes, edit)]
  const at = strokes.findLastIndex((stroke) => text(stroke) === text(edit.stroke))
  return at < 0 ? undefined : strokes.filter((_, index) => index !== at)
}

export interface Changes {
  added: Strokes
  removed: Strokes
}

/** What a person changed since the server's strokes. */
export function changesSince(server: Strokes, mine: Strokes): Changes {
  const [known, wanted] = [new Set(server.map(text)), new Set(mine.map(text))]
  return { added: mine.filter((one) => !known.has(text(one))), removed: server.filter((one) => !wanted.has(text(one))) }
}

/** The same changes made to strokes that somebody else has saved meanwhile; what arrived already is not made twice. */
export function remade(theirs: Strokes, { added, removed }: Changes): Strokes {
  const [gone, there] = [new Set(removed.map(text)), new Set(theirs.map(text))]
  return [...theirs.filter((one) => !gone.has(text(one))), ...added.filter((one) => !there.has(text(one)))]
}

/** The strokes still to be painted over a raster that has `inRaster`; undefined where only the server can take some away. */
export function beyond(inRaster: Strokes, wanted: Strokes): Strokes | undefined {
  return same(inRaster, wanted.slice(0, inRaster.length)) ? wanted.slice(inRaster.length) : undefined
}
