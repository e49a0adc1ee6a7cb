import type { AlignmentStep, SectionFacts } from '@/api/types'
import { count } from '@/shared/format'

export type PairState = 'ok' | 'weak' | 'by hand' | 'missing' | 'last'
export type Filter = 'all' | 'tissue' | 'unaligned' | 'weak' | 'problems'

/** A section with what the page needs to know of its neighbour. */
export interface Entry {
  facts: SectionFacts
  pair: PairState
  successor?: number
}

/** How the alignment of a section to the next one stands. A step set by hand is certain: a person looked. */
function pairState(step: AlignmentStep | null | undefined, isLast: boolean): PairState {
  if (isLast) return 'last'
  if (!step) return 'missing'
  if (step.hand_set) return 'by hand'
  return step.quality?.weak ? 'weak' : 'ok'
}

/** The sections in order, each with its pair. */
export function entries(sections: readonly SectionFacts[]): Entry[] {
  return sections.map((facts, index) => {
    const successor = sections[index + 1]?.number
    return { facts, pair: pairState(facts.step, successor === undefined), successor }
  })
}

const KEEPS: Record<Filter, (entry: Entry) => boolean> = {
  all: () => true,
  tissue: ({ facts }) => facts.tissue === 'missing',
  unaligned: ({ pair }) => pair === 'missing',
  weak: ({ pair }) => pair === 'weak',
  problems: ({ facts }) => facts.problem !== '',
}
const FILTER_WORDS: Record<Filter, string> = {
  all: 'All', tissue: 'Tissue missing', unaligned: 'Not aligned', weak: 'Weak pairs', problems: 'Problems',
}

export const isFilter = (word: unknown): word is Filter => typeof word === 'string' && Object.hasOwn(KEEPS, word)
export const filtered = (all: readonly Entry[], filter: Filter): Entry[] => all.filter(KEEPS[filter])

/** The filters in order, each with how many sections it keeps. */
export function filters(all: readonly Entry[]): { filter: Filter; words: string; sections: number }[] {
  return (Object.keys(KEEPS) as Filter[]).map((filter) => ({
    filter, words: FILTER_WORDS[filter], sections: filtered(all, filter).length,
  }))
}

// Signs beside the colours, so that no state is told by colour alone.
export const TISSUE = {
  missing: { sign: '–', words: 'no tissue yet', colour: 'missing' },
  computed: { sign: '✓', words: 'tissue', colour: 'good' },
  corrected: { sign: '✎', words: 'tissue, corrected', colour: 'corrected' },
} as const

export const PAIR = {
  missing: { sign: '–', words: 'not aligned', colour: 'missing' },
  ok: { sign: '✓', words: 'aligned', colour: 'good' },
  weak: { sign: '?', words: 'weak pair', colour: 'weak' },
  'by hand': { sign: '✎', words: 'set by hand', colour: 'corrected' },
  last: { sign: '', words: 'last section', colour: 'missing' },
} as const satisfies Record<PairState, unknown>

const um = (length_um: number): string => `${Math.round(length_um)} µm`

/** The pair on the card: "aligned", "weak pair, mirrored". */
export const pairWords = ({ facts, pair }: Entry): string => PAIR[pair].words + (facts.step?.transform.mirrored ? ', mirrored' : '')

/** The pair for hovering: to which section, how far off, how many features agree, and what to do. */
export function pairDetails({ facts: { number, step }, pair, successor }: Entry): string {
  if (pair === 'last') return 'The last section of the series has no next one.'
  if (!step) return `Section ${number} is not aligned to ${successor} yet.`
  const facts = [
    step.residual_um != null ? `residual ${um(step.residual_um)}` : undefined,
    step.quality ? `${step.quality.inliers} of ${count(step.quality.matches, 'match', 'matches')} agree` : undefined,
    step.transform.mirrored ? 'one of the two is mirrored' : undefined,
    pair === 'by hand' ? `set by ${step.author ?? 'a person'}` : undefined,
    pair === 'weak' ? 'not certain: look at the two sections together' : undefined,
  ]
  return [`${number} to ${successor}`, ...facts.filter(Boolean)].join(', ')
}

/** "26.0 × 33.0 mm". */
export const sizeWords = (facts: SectionFacts): string => `${facts.width_mm.toFixed(1)} × ${facts.height_mm.toFixed(1)} mm`

/** How far a brain is: what is done of tissue and alignment, what waits for a person. */
export interface Summary {
  sections: number
  tissue: number
  pairs: number
  aligned: number
  weak: number
  problems: number
}

export function summary(all: readonly Entry[]): Summary {
  const kept = (filter: Filter) => filtered(all, filter).length
  const pairs = Math.max(0, all.length - 1)
  return {
    sections: all.length, tissue: all.length - kept('tissue'), pairs, aligned: pairs - kept('unaligned'),
    weak: kept('weak'), problems: kept('problems'),
  }
}

/** The state of a brain in lines; `warns` where a person should look. */
export function stateWords(of: Summary): { words: string; warns: boolean }[] {
  const share = (done: number, all: number, one: string) =>
    !done ? 'none yet' : done === all ? `all of ${count(all, one)}` : `${done} of ${count(all, one)}`
  return [
    { words: `Tissue: ${share(of.tissue, of.sections, 'section')}`, warns: false },
    ...(of.pairs ? [{ words: `Aligned: ${share(of.aligned, of.pairs, 'pair')}`, warns: false }] : []),
    ...(of.weak ? [{ words: `${count(of.weak, 'weak pair')} to look at`, warns: true }] : []),
    ...(of.problems ? [{ words: `${count(of.problems, 'image')} cannot be shown`, warns: true }] : []),
  ]
}

/** The section that stands for the brain: the middle one of those that can be shown. */
export function picture(all: readonly Entry[]): SectionFacts | undefined {
  const shown = all.filter(({ facts }) => !facts.problem)
  return shown[Math.floor(shown.length / 2)]?.facts
}
