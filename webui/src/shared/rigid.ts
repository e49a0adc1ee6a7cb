/** Rigid transforms between section frames, as in the contract: p -> R(angle) · M · p + d in µm, x right, y down, M mirrors x. */
import type { RigidTransform } from '@/api/types'

export type Point = readonly [number, number]

/** x' = a x + c y + e and y' = b x + d y + f: the order a canvas takes. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

export const IDENTITY: RigidTransform = { angle_rad: 0, dx_um: 0, dy_um: 0, mirrored: false }

export function affineOf({ angle_rad, dx_um, dy_um, mirrored }: RigidTransform): Affine {
  const [cos, sin, sign] = [Math.cos(angle_rad), Math.sin(angle_rad), mirrored ? -1 : 1]
  return [sign * cos, sign * sin, -sin, cos, dx_um, dy_um]
}

export const map = ([a, b, c, d, e, f]: Affine, [x, y]: Point): Point => [a * x + c * y + e, b * x + d * y + f]

/** First `inner`, then `outer`. */
export function after(outer: Affine, inner: Affine): Affine {
  const [e, f] = map(outer, [inner[4], inner[5]])
  const [a, b, c, d] = outer
  return [a * inner[0] + c * inner[1], b * inner[0] + d * inner[1], a * inner[2] + c * inner[3], b * inner[2] + d * inner[3], e, f]
}

export function invertAffine([a, b, c, d, e, f]: Affine): Affine {
  const area = a * d - b * c
  return [d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area]
}

/** The way back, again a rigid transform: a mirrored one turns the same way, since mirroring turns the sense of rotation. */
export function inverse(transform: RigidTransform): RigidTransform {
  const { angle_rad, dx_um, dy_um, mirrored } = transform
  const back = { angle_rad: mirrored ? angle_rad : -angle_rad, dx_um: 0, dy_um: 0, mirrored }
  const [x, y] = map(affineOf(back), [dx_um, dy_um])
  return { ...back, dx_um: -x, dy_um: -y }
}

/** An angle between -π and π. */
const wrapped = (angle: number): number => Math.atan2(Math.sin(angle), Math.cos(angle))

/** What is moved afterwards is seen in the target frame: shifted, turned about a point, mirrored left-right about a point. */
export const shifted = (transform: RigidTransform, dx_um: number, dy_um: number): RigidTransform =>
  ({ ...transform, dx_um: transform.dx_um + dx_um, dy_um: transform.dy_um + dy_um })

export function turned(transform: RigidTransform, angle_rad: number, [x, y]: Point): RigidTransform {
  const turn = affineOf({ ...IDENTITY, angle_rad })
  const [dx, dy] = map(turn, [transform.dx_um - x, transform.dy_um - y])
  return { ...transform, angle_rad: wrapped(transform.angle_rad + angle_rad), dx_um: dx + x, dy_um: dy + y }
}

export const mirrored = (transform: RigidTransform, [x]: Point): RigidTransform => ({
  angle_rad: wrapped(-transform.angle_rad),
  dx_um: 2 * x - transform.dx_um,
  dy_um: transform.dy_um,
  mirrored: !transform.mirrored,
})
