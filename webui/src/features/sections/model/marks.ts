import type { AreaMark, SectionState } from '@/api/types'
import { sectionNumber } from '@/shared/format'

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
    const doubt = mark.mean_confidence != null && mark.predicted ? ` (mean confidence ${Math.round(mark.mean_confidence * 100)} %)` : ''
    return shown ? [`${mark.area} ${shown}${doubt}`] : []
  })
  return [`Section ${sectionNumber(state.number)}`, ...words].join(', ')
}

export interface Queued {
  number: number
  area: string
  confidence: number
}

/** Sections with an unreviewed prediction of the area (of any area without one), most doubtful first. */
export function reviewQueue(states: readonly SectionState[], area?: string): Queued[] {
  return states
    .flatMap((state) =>
      state.marks
        .filter((mark) => mark.predicted && !mark.verdict && (!area || mark.area === area))
        .map((mark) => ({ number: state.number, area: mark.area, confidence: mark.mean_confidence ?? 0 })),
    )
    .sort((a, b) => a.confidence - b.confidence || a.number - b.number)
}
