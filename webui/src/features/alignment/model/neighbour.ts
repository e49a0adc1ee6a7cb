/** Where the section before or after lies over the section on screen, and how sure that is. */
import type { Alignment, AlignmentStep, RigidTransform, TilePyramid } from '@/api/types'
import { count } from '@/shared/format'
import { IDENTITY, inverse } from '@/shared/rigid'

export type Side = 'next' | 'previous'

/** The section whose step ties both: steps lead upward, so the step of a section before is its own. */
export const stepOwner = (side: Side, section: number, neighbour: number): number => (side === 'next' ? section : neighbour)

export function stepBetween(alignment: Alignment | undefined, side: Side, section: number, neighbour: number): AlignmentStep | undefined {
  const [low, high] = side === 'next' ? [section, neighbour] : [neighbour, section]
  return alignment?.steps.find((step) => step.section === low && step.successor === high)
}

/** A step seen from the section on screen: the neighbour's µm to this section's. Its own inverse: it also leads back. */
export const acrossStep = (side: Side, transform: RigidTransform): RigidTransform => (side === 'next' ? inverse(transform) : transform)

const centre_um = ({ levels, pixel_size_um }: TilePyramid): [number, number] => {
  const { width_px, height_px } = levels.find((one) => one.level === 0)!
  return [(width_px * pixel_size_um) / 2, (height_px * pixel_size_um) / 2]
}

/** Where to begin without an alignment: the middle of one image on the middle of the other. */
export function centredOn(section: TilePyramid, neighbour: TilePyramid): RigidTransform {
  const [[x, y], [from_x, from_y]] = [centre_um(section), centre_um(neighbour)]
  return { ...IDENTITY, dx_um: x - from_x, dy_um: y - from_y }
}

/** How sure a step is, in words. */
export function stepWords(step: AlignmentStep | undefined): string {
  if (!step) return 'not aligned: laid middle on middle'
  if (step.hand_set) return step.author ? `set by hand by ${step.author}` : 'set by hand'
  const residual = step.residual_um == null ? '' : `, ${Math.round(step.residual_um)} µm apart`
  if (!step.quality) return `aligned${residual}`
  const agree = `${step.quality.inliers} of ${count(step.quality.matches, 'feature')} agree${residual}`
  return step.quality.weak ? `weak: ${agree}; look whether it is right` : agree
}

/** How far the neighbour was moved at the middle of the screen: "120 µm right, 30 µm down, 1.2° clockwise, mirrored". */
export function movedWords(before: RigidTransform, now: RigidTransform, middle: readonly [number, number], shift: readonly [number, number]): string {
  const [x, y] = [shift[0] - middle[0], shift[1] - middle[1]].map(Math.round) as [number, number]
  const mirrored = before.mirrored !== now.mirrored
  const turn = mirrored ? 0 : Math.atan2(Math.sin(now.angle_rad - before.angle_rad), Math.cos(now.angle_rad - before.angle_rad))
  const degrees = Math.abs((turn * 180) / Math.PI)
  return [
    x ? `${Math.abs(x)} µm ${x > 0 ? 'right' : 'left'}` : '',
    y ? `${Math.abs(y)} µm ${y > 0 ? 'down' : 'up'}` : '',
    degrees >= 0.05 ? `${degrees.toFixed(1)}° ${turn > 0 ? 'clockwise' : 'counterclockwise'}` : '',
    mirrored ? 'mirrored' : '',
  ].filter(Boolean).join(', ')
}
