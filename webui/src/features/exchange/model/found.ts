/** What was found in files, in words, and what of it would be imported. */
import type { RecognisedImport } from '@/api/types'
import { count } from '@/shared/format'

export type Mapping = Readonly<Record<string, string>> // name in the file -> area, or '' for none

/** The areas proposed for the names; what was chosen before for a name stays. */
export function proposed(found: RecognisedImport, before: Mapping = {}): Mapping {
  return Object.fromEntries(found.names.map(({ name, area }) => [name, before[name] ?? area ?? '']))
}

/** What an import sends: names that have an area. */
export function chosen(mapping: Mapping): Record<string, string> {
  return Object.fromEntries(Object.entries(mapping).filter(([, area]) => area))
}

/** How many shapes would be stored. */
export function willStore(found: RecognisedImport, mapping: Mapping): number {
  return found.names.reduce((sum, { name, shapes }) => sum + (mapping[name] ? shapes : 0), 0)
}

type Section = RecognisedImport['sections'][number]

/** One section's find, e.g. `3 regions, 1 line`. */
export function contents({ regions, lines, texts }: Pick<Section, 'regions' | 'lines' | 'texts'>): string {
  const parts = [regions && count(regions, 'region'), lines && count(lines, 'line'), texts && count(texts, 'note')]
  return parts.filter(Boolean).join(', ') || 'nothing'
}

/** The whole find, e.g. `12 regions on 4 sections`. */
export function summary(found: RecognisedImport): string {
  const usable = found.sections.filter(({ problem }) => !problem)
  const sum = (part: 'regions' | 'lines' | 'texts') => usable.reduce((total, section) => total + section[part], 0)
  return `${contents({ regions: sum('regions'), lines: sum('lines'), texts: sum('texts') })} on ${count(new Set(usable.map(({ section }) => section)).size, 'section')}`
}

/** Paths shown before anything is stored: in the colour of their area, if they would be imported. */
export function preview(found: RecognisedImport, mapping: Mapping, colours: ReadonlyMap<string, string>) {
  return found.sections.filter(({ problem }) => !problem).flatMap(({ shapes }) => shapes ?? []).map((shape, index) => ({
    uid: `found ${index}`,
    paths: shape.paths,
    colour: colours.get(mapping[shape.name] ?? '') ?? '#ffffff',
    selected: false,
    shape: shape.shape,
    text: shape.text ?? '',
    dashed: true,
  }))
}
