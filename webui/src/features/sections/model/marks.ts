import type { AreaMark, SectionState } from '@/api/types'
import { doubtWords, sectionNumber } from '@/shared/format'

export type MarkState = 'annotated' | 'predicted' | 'accepted' | 'rejected' | 'corrected'

/** Signs beside the colours, so that no mark is told by colour alone. */
export const MARK_SIGNS: Record<MarkState, string> = { annotated: '●', predicted: '○', accepted: '✓', rejected: '✕', corrected: '✎' }

/** The one state a mark shows: a verdict says most, then an annotation, then a prediction. */
export function markState(mark: AreaMark): MarkState | undefined {
  if (mark.verdict) return mark.verdict
  if (mark.annotated) return 'annotated'
  return mark.predicted ? 'predicted' : undefined
}

/** A frame in words, for hovering and for screen readers. */
export function frameWords(state: SectionState): string {
  const words = state.marks.flatMap((mark) => {
    const shown = markState(mark)
    const doubt = mark.doubt != null && mark.predicted && !mark.verdict ? ` (${doubtWords(mark.doubt)})` : ''
    return shown ? [`${mark.area} ${shown}${doubt}`] : []
  })
  return [`Section ${sectionNumber(state.number)}`, ...words].join(', ')
}

export interface Queued {
  number: number
  area: string
  doubt: number // share of the area's extent that is expected to be wrong
}

/** Whether a prediction waits for a verdict. What a person drew needs none, whatever a model says there. */
export const awaitsReview = (mark: AreaMark): boolean => mark.predicted && !mark.verdict && !mark.annotated

/** Sections with an unreviewed prediction of the area (of any area without one), most doubtful first. */
export function reviewQueue(states: readonly SectionState[], area?: string): Queued[] {
  return states
    .flatMap((state) =>
      state.marks
        .filter((mark) => awaitsReview(mark) && (!area || mark.area === area))
        .map((mark) => ({ number: state.number, area: mark.area, doubt: mark.doubt ?? 1 })),
    )
    .sort((a, b) => b.doubt - a.doubt || a.number - b.number)
}

/** Sections whose prediction of the area was accepted and that have no annotation of it. */
export const acceptedSections = (states: readonly SectionState[], area: string | undefined): number[] =>
  states.filter(({ marks }) => marks.some((mark) => mark.area === area && mark.verdict === 'accepted' && !mark.annotated)).map(({ number }) => number)
