import type { Alignment, RigidTransform } from '@/api/types'

/** The section `steps` frames along the series, or undefined past its ends. */
export function neighbour(numbers: readonly number[], current: number, steps: number): number | undefined {
  const index = numbers.indexOf(current)
  return index < 0 ? undefined : numbers[index + steps]
}

type Point = readonly [number, number]

/** p -> R(angle) · M · p + d, where M mirrors x (contract `RigidTransform`). */
function forward({ angle_rad, dx_um, dy_um, mirrored }: RigidTransform, [x, y]: Point): Point {
  const [cos, sin, mx] = [Math.cos(angle_rad), Math.sin(angle_rad), mirrored ? -x : x]
  return [cos * mx - sin * y + dx_um, sin * mx + cos * y + dy_um]
}

function backward({ angle_rad, dx_um, dy_um, mirrored }: RigidTransform, [x, y]: Point): Point {
  const [cos, sin, px, py] = [Math.cos(angle_rad), Math.sin(angle_rad), x - dx_um, y - dy_um]
  const mx = cos * px + sin * py
  return [mirrored ? -mx : mx, -sin * px + cos * py]
}

/** The same place of the tissue on another section, through the chain of the alignment; where a step is missing, the point as it is. */
export function samePlace(alignment: Alignment | undefined, from: number, to: number, point_um: Point): Point {
  const steps = alignment?.steps ?? []
  const up = from < to
  const [low, high] = up ? [from, to] : [to, from]
  const chain = steps.filter((step) => step.section >= low && step.successor <= high).sort((a, b) => a.section - b.section)
  if (chain[0]?.section !== low || chain.at(-1)?.successor !== high) return point_um
  const apply = up ? forward : backward
  return (up ? chain : chain.reverse()).reduce((point, step) => apply(step.transform, point), point_um)
}
