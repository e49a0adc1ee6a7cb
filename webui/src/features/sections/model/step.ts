import type { Alignment } from '@/api/types'
import { affineOf, inverse, map, type Point } from '@/shared/rigid'

/** The section `steps` frames along the series, or undefined past its ends. */
export function neighbour(numbers: readonly number[], current: number, steps: number): number | undefined {
  const index = numbers.indexOf(current)
  return index < 0 ? undefined : numbers[index + steps]
}

/** The same place of the tissue on another section, through the chain of the alignment; where a step is missing, the point as it is. */
export function samePlace(alignment: Alignment | undefined, from: number, to: number, point_um: Point): Point {
  const steps = alignment?.steps ?? []
  const up = from < to
  const [low, high] = up ? [from, to] : [to, from]
  const chain = steps.filter((step) => step.section >= low && step.successor <= high).sort((a, b) => a.section - b.section)
  if (chain[0]?.section !== low || chain.at(-1)?.successor !== high) return point_um
  const transforms = up ? chain.map((step) => step.transform) : chain.reverse().map((step) => inverse(step.transform))
  return transforms.reduce((point, transform) => map(affineOf(transform), point), point_um)
}
