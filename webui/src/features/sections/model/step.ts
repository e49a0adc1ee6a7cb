import type { Alignment } from '@/api/types'
import { type Affine, affineOf, after, IDENTITY, inverse, map, type Point } from '@/shared/rigid'

/** The section `steps` frames along the series, or undefined past its ends. */
export function neighbour(numbers: readonly number[], current: number, steps: number): number | undefined {
  const index = numbers.indexOf(current)
  return index < 0 ? undefined : numbers[index + steps]
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
