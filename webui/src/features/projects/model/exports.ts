import type { SectionState } from '@/api/types'

/** The files a project or one of its sections can be exported as. */
export const FORMATS = [
  { name: 'png', title: 'Masks (PNG)', hint: 'Label image with its legend' },
  { name: 'tiff', title: 'Masks (TIFF)', hint: 'Label image with pixel size and legend' },
  { name: 'geojson', title: 'Outlines (GeoJSON)', hint: 'Outlines in full-resolution pixels, as QuPath reads them' },
  { name: 'svg', title: 'Drawing (SVG)', hint: 'Outlines with their curves, over the image' },
  { name: 'paris', title: 'Microdraw', hint: 'As Microdraw in Paris reads it: the image is 1000 units wide' },
  { name: 'juelich', title: 'Microdraw (Jülich)', hint: 'As the Microdraw of Jülich reads it: full-resolution pixels' },
  { name: 'csv', title: 'Areas (CSV)', hint: 'Area of every region in mm²' },
] as const
export const SOURCES = ['annotations', 'predictions'] as const

export type ExportFormat = (typeof FORMATS)[number]['name']
export type ExportSource = (typeof SOURCES)[number]

/** The address of an export: of one section, or of all of them as one archive. */
export function exportUrl(project: string, format: ExportFormat, source: ExportSource, section?: number): string {
  const query = new URLSearchParams({ format, source })
  if (section !== undefined) query.set('section', String(section))
  return `/api/projects/${encodeURIComponent(project)}/export?${query.toString()}`
}

/** Why there is nothing to export, in words; empty when there is something. */
export function nothingToExport(sections: readonly SectionState[], source: ExportSource, section?: number): string {
  const asked = section === undefined ? sections : sections.filter((state) => state.number === section)
  const has = asked.some((state) => state.marks.some((mark) => (source === 'annotations' ? mark.annotated : mark.predicted)))
  if (has) return ''
  return `${source === 'annotations' ? 'Nothing is annotated' : 'Nothing is predicted'} ${section === undefined ? 'in this project' : 'on this section'} yet.`
}
