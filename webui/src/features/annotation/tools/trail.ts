import type { Point } from '../model/geometry'
import type { Desk } from './tool'

const TRAIL_STEP_PX = 2

/** Gathers a dragged trail, a point every two pixels of the screen. */
export function trail(desk: Desk) {
  let points: Point[] = []
  return {
    begin: (at: Point) => void (points = [at]),
    /** True when it grew. */
    extend(at: Point): boolean {
      const last = points.at(-1)
      if (last && Math.hypot(last[0] - at[0], last[1] - at[1]) < desk.um(TRAIL_STEP_PX)) return false
      points.push(at)
      return true
    },
    points: (): readonly Point[] => points,
  }
}
