import type { Alignment, AreaMark, SectionState } from '@/api/types'
import { type Affine, affineOf, after, IDENTITY, inverse, map, type Point } from '@/shared/rigid'

import { awaitsReview } from './marks'

/** The section `steps` frames along the series, or undefined past its ends. */
export function neighbour(numbers: readonly number[], current: number, steps: number): number | undefined {
  const index = numbers.indexOf(current)
  return index < 0 ? undefined : numbers[index + steps]
}

/** What one can step to, beside the next section. */
export type Landmark = 'annotated' | 'unreviewed' | 'doubtful'
const DOUBTFUL = 0.1 // a tenth of the area's extent expected to be wrong: more than an outline drawn again differs

const LANDMARKS: Record<Landmark, (mark: AreaMark) => boolean> = {
  annotated: (mark) => mark.annotated,
  unreviewed: awaitsReview,
  doubtful: (mark) => awaitsReview(mark) && (mark.doubt ?? 1) >= DOUBTFUL,
}

/** The nearest section after (or before) the current one that has the landmark, in one area or in any. */
export function nextWith(landmark: Landmark, states: readonly SectionState[], current: number, way: 1 | -1, area?: string): number | undefined {
  const has = (state: SectionState) => state.marks.some((mark) => (!area || mark.area === area) && LANDMARKS[landmark](mark))
  const found = states.filter((state) => way * (state.number - current) > 0 && has(state)).map(({ number }) => number)
  return found.length ? (way > 0 ? Math.min(...found) : Math.max(...found)) : undefined
}

/** Where a section's µm lie on another one, through the chain of the alignment; undefined where a step is missing. */
export function between(alignment: Alignment | undefined, from: number, to: number): Affine | undefined {
  const up = from < to
  const [low, high] = up ? [from, to] : [to, from]
  const chain = (alignment?.steps ?? []).filter((step) => step.section >= low && step.successor <= high).sort((a, b) => a.section - b.section)
  if (from !== to && (chain[0]?.section !== low || chain.at(-1)?.successor !== high)) return undefined
  const steps = up ? chain.map((step) => step.transform) : chain.reverse().map((step) => inverse(step.transform))
  return steps.reduce((whole, step) => after(affineOf(step), whole), affineOf(IDENTITY))
}

/** The same place of the tissue on another section, through the chain of the alignment; where a step is missing, the point as it is. */
export function samePlace(alignment: Alignment | undefined, from: number, to: number, point_um: Point): Point {
  const way = between(alignment, from, to)
  return way ? map(way, point_um) : point_um
}
