import type { Space } from './scene'

const TURN_RAD = Math.PI / 24
const SHIFT = 0.06
const ZOOM = 0.88

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
}
const SIZES: Record<string, number> = { '+': ZOOM, '=': ZOOM, '-': 1 / ZOOM }

/** Moves the camera by a key; false for a key that is none of its own. */
export function keyMoves(key: string, shift: boolean, space: Pick<Space, 'move' | 'reset'>): boolean {
  const arrow = ARROWS[key]
  if (arrow && shift) space.move([0, 0], 1, [arrow[0] * SHIFT, arrow[1] * SHIFT])
  else if (arrow) space.move([arrow[0] * TURN_RAD, arrow[1] * TURN_RAD], 1, [0, 0])
  else if (SIZES[key]) space.move([0, 0], SIZES[key], [0, 0])
  else if (key === '0') space.reset()
  else return false
  return true
}
