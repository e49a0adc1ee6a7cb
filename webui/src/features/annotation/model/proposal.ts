/** Whether an outline can be proposed, and what to say about it. */
import type { SectionState, ShapeProposal } from '@/api/types'
import { sectionNumber } from '@/shared/format'

/** The annotated sections of an area around another one, nearest on each side; undefined where a side has none. */
export function around(states: readonly SectionState[], area: string, section: number): [number | undefined, number | undefined] {
  const annotated = states.filter(({ marks }) => marks.some((mark) => mark.area === area && mark.annotated)).map(({ number }) => number)
  return [annotated.findLast((number) => number < section), annotated.find((number) => number > section)]
}

/** Why no outline can be proposed here, in words; empty when one can. */
export function whyNoProposal(states: readonly SectionState[], area: string, section: number, drawnHere: boolean): string {
  if (!area) return 'Choose an area first.'
  if (drawnHere) return `${area} is drawn on this section already.`
  const [before, after] = around(states, area, section)
  if (before !== undefined && after !== undefined) return ''
  return `An outline is proposed between two annotated sections: ${area} has none ${before === undefined ? 'before' : 'after'} this one.`
}

/** What was proposed: "Between sections 0901 and 0941, 0.40 mm from the nearer. Correct it, or undo." */
export function proposalWords({ between, distance_mm, area, paths, alignment_doubt }: ShapeProposal): string {
  const [from, to] = between.map(sectionNumber)
  const careful = alignment_doubt ? ` Careful: ${alignment_doubt}.` : ''
  if (!paths.length) return `Between sections ${from} and ${to} the outlines of ${area} share nothing here: draw it by hand.${careful}`
  return `${area} interpolated between sections ${from} and ${to}, ${distance_mm.toFixed(2)} mm from the nearer. Correct it, or undo.${careful}`
}
