/** The strokes painted over a section's tissue classes, as the person wants them, and the way back. */
import type { TissueStroke } from '@/api/types'

export type Strokes = readonly TissueStroke[]

type Edit = { kind: 'paint'; stroke: TissueStroke } | { kind: 'clear'; strokes: Strokes }

export interface Sheet {
  strokes: Strokes
  past: readonly Edit[]
  future: readonly Edit[]
}

export const MOST_STROKES = 2000
export const MOST_POINTS = 5000

export const openSheet = (strokes: Strokes): Sheet => ({ strokes, past: [], future: [] })

function apply(strokes: Strokes, edit: Edit): Strokes {
  return edit.kind === 'paint' ? [...strokes, edit.stroke] : strokes.filter((stroke) => !edit.strokes.includes(stroke))
}

function takeBack(strokes: Strokes, edit: Edit): Strokes {
  // What was cleared lay below everything painted since.
  return edit.kind === 'paint' ? strokes.filter((stroke) => stroke !== edit.stroke) : [...edit.strokes, ...strokes]
}

const edited = (sheet: Sheet, edit: Edit): Sheet => ({ strokes: apply(sheet.strokes, edit), past: [...sheet.past, edit], future: [] })

export const painted = (sheet: Sheet, stroke: TissueStroke): Sheet => edited(sheet, { kind: 'paint', stroke })

export const cleared = (sheet: Sheet): Sheet =>
  sheet.strokes.length ? edited(sheet, { kind: 'clear', strokes: sheet.strokes }) : sheet

export function undone(sheet: Sheet): Sheet {
  const last = sheet.past.at(-1)
  if (!last) return sheet
  return { strokes: takeBack(sheet.strokes, last), past: sheet.past.slice(0, -1), future: [last, ...sheet.future] }
}

export function redone(sheet: Sheet): Sheet {
  const next = sheet.future[0]
  if (!next) return sheet
  return { strokes: apply(sheet.strokes, next), past: [...sheet.past, next], future: sheet.future.slice(1) }
}

const text = (stroke: TissueStroke): string => JSON.stringify([stroke.tissue, stroke.radius_um, stroke.points])
export const same = (a: Strokes, b: Strokes): boolean => a === b || (a.length === b.length && a.every((one, index) => text(one) === text(b[index]!)))

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
