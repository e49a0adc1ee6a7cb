import type { Annotation, AnnotationRevision, Paths } from '@/api/types'

/** Where a region came from. */
export function sourceWords(source: Annotation['source']): string {
  if (source.kind === 'prediction') return `corrected prediction ${source.prediction.slice(0, 8)}`
  return source.kind === 'imported' ? `imported (${source.format})` : 'drawn'
}

/** What a revision did, by the state before it: "drawn", "reshaped, +0.12 mm²", "deleted". `size_um2` measures paths. */
export function revisionWords(now: AnnotationRevision, before: AnnotationRevision | undefined, size_um2: (paths: Paths) => number): string {
  if (!before) return now.source.kind === 'drawn' ? 'drawn' : sourceWords(now.source)
  if (now.action === 'deleted') return 'deleted'
  const words = now.action === 'restored' ? ['restored'] : []
  if (now.area !== before.area) words.push(`made ${now.area}`)
  if (now.text !== before.text) words.push('text changed')
  if (now.order !== before.order) words.push('moved in the stack')
  const change_mm2 = (size_um2(now.paths) - size_um2(before.paths)) / 1e6
  const sign = change_mm2 < 0 ? '-' : '+'
  if (JSON.stringify(now.paths) !== JSON.stringify(before.paths)) words.push(`reshaped, ${sign}${Math.abs(change_mm2).toFixed(2)} mm²`)
  return words.join(', ') || 'saved again'
}

/** Why a step is not undone or redone: what it would change is not as it left it. `now` is the region on the server, if it is there. */
export function refusalWords(now: Annotation | undefined, way: 'back' | 'forth'): string {
  const what = now ? `${now.author} changed the region meanwhile` : 'The region was deleted or changed meanwhile'
  return `Not ${way === 'back' ? 'undone' : 'redone'}: ${what}. Its history can bring back any state.`
}
