/** Which section to annotate next, in words. */
import type { SectionSuggestion } from '@/api/types'
import { sectionNumber } from '@/shared/format'

const MOST_NAMED = 3

/** Why this section and which would be next: for hovering. */
export function suggestionWords({ candidates, why }: SectionSuggestion): string {
  const [best, ...others] = candidates
  if (!best) return why
  const saves = `Annotating section ${sectionNumber(best.section)} is expected to save ${best.gain_mm2.toFixed(1)} mm² of wrong labels.`
  const then = others.slice(0, MOST_NAMED).map(({ section }) => sectionNumber(section))
  return [saves, why, then.length ? `After it: ${then.join(', ')}.` : ''].filter(Boolean).join(' ')
}
