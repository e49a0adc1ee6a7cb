import type { AreaProgress } from '@/api/types'

export interface Share {
  kind: 'annotated' | 'accepted' | 'corrected' | 'rejected' | 'predicted'
  sections: number
  share: number // of all sections of the series
}

/** How the series divides for one area: every section counts once, in its most advanced state. */
export function shares(progress: AreaProgress, sectionCount: number): Share[] {
  const { annotated, accepted, corrected, rejected, predicted } = progress
  const open = Math.max(0, predicted - accepted - corrected - rejected)
  // A corrected section is annotated too; it shows as corrected.
  const drawn = Math.max(0, annotated - corrected)
  const counts: [Share['kind'], number][] = [
    ['annotated', drawn], ['accepted', accepted], ['corrected', corrected], ['rejected', rejected], ['predicted', open],
  ]
  return counts.map(([kind, sections]) => ({ kind, sections, share: sectionCount ? Math.min(1, sections / sectionCount) : 0 }))
}

/** The progress in words: "hOc1: 2 annotated, 9 predicted, 4 accepted". */
export function progressWords(progress: AreaProgress): string {
  const parts = (['annotated', 'predicted', 'accepted', 'corrected', 'rejected'] as const)
    .filter((kind) => progress[kind] > 0)
    .map((kind) => `${progress[kind]} ${kind}`)
  return parts.length ? parts.join(', ') : 'nothing annotated yet'
}

/** Areas with anything to tell, and how many have nothing yet. */
export function begun(progress: readonly AreaProgress[]): { shown: AreaProgress[]; rest: number } {
  const shown = progress.filter(({ annotated, predicted }) => annotated + predicted > 0)
  return { shown, rest: progress.length - shown.length }
}
