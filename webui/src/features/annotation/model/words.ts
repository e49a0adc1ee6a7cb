import type { Annotation } from '@/api/types'

/** Where a region came from. */
export function sourceWords(source: Annotation['source']): string {
  if (source.kind === 'prediction') return `corrected prediction ${source.prediction.slice(0, 8)}`
  return source.kind === 'imported' ? `imported (${source.format})` : 'drawn'
}
