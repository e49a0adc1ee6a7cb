import type { Annotation } from '@/api/types'

/** Where a region came from. */
export function sourceWords(source: Annotation['source']): string {
  if (source.kind === 'prediction') return `corrected prediction ${source.prediction.slice(0, 8)}`
  return source.kind === 'imported' ? `imported (${source.format})` : 'drawn'
}

/** Why a step is not undone or redone: what it would change is not as it left it. `now` is the region on the server, if it is there. */
export function refusalWords(now: Annotation | undefined, way: 'back' | 'forth'): string {
  const what = now ? `${now.author} changed the region meanwhile` : 'The region was deleted or changed meanwhile'
  return `Not ${way === 'back' ? 'undone' : 'redone'}: ${what}. Its history can bring back any state.`
}
