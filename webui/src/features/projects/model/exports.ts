/** The files a project or one of its sections can be exported as. */
export const FORMATS = [
  { name: 'png', title: 'Masks (PNG)', hint: 'Label image with its legend' },
  { name: 'tiff', title: 'Masks (TIFF)', hint: 'Label image with pixel size and legend' },
  { name: 'geojson', title: 'Outlines (GeoJSON)', hint: 'Outlines in full-resolution pixels, as QuPath reads them' },
  { name: 'csv', title: 'Areas (CSV)', hint: 'Area of every region in mm²' },
] as const

export type ExportFormat = (typeof FORMATS)[number]['name']

/** The address of an export: of one section, or of all of them as one archive. */
export function exportUrl(project: string, format: ExportFormat, section?: number): string {
  const query = new URLSearchParams({ format })
  if (section !== undefined) query.set('section', String(section))
  return `/api/projects/${encodeURIComponent(project)}/export?${query.toString()}`
}
