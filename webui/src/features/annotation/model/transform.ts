/** Outlines moved, turned and mirrored as wholes. */
import type { PathPoint, Paths } from '@/api/types'
import { type Affine, after, map } from '@/shared/rigid'

import { bounds_um, type Point } from './geometry'

const round = (value: number): number => Math.round(value * 100) / 100

/** Every node through the transform, handles with it. */
export function transformed(paths: Paths, by: Affine): Paths {
  const turn: Affine = [by[0], by[1], by[2], by[3], 0, 0]
  return paths.map((path) => path.map((node): PathPoint => {
    const [x, y] = map(by, [node[0], node[1]])
    if (node.length === 2) return [round(x), round(y)]
    const [into, out] = [map(turn, [node[2], node[3]]), map(turn, [node[4], node[5]])]
    return [round(x), round(y), round(into[0]), round(into[1]), round(out[0]), round(out[1])]
  }))
}

export const shift = ([x, y]: Point): Affine => [1, 0, 0, 1, x, y]

/** A transform about a point. */
export const about = ([x, y]: Point, by: Affine): Affine => after(shift([x, y]), after(by, shift([-x, -y])))

export const turn = (angle_rad: number): Affine => {
  const [cos, sin] = [Math.cos(angle_rad), Math.sin(angle_rad)]
  return [cos, sin, -sin, cos, 0, 0]
}

/** The middle of the smallest upright rectangle around it. */
export function middle(paths: Paths): Point {
  const [[left, top], [right, bottom]] = bounds_um(paths)
  return [(left + right) / 2, (top + bottom) / 2]
}
