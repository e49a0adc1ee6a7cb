import type { ViewerPointer } from '@/viewer'

import type { Point } from '../model/geometry'
import type { Desk, Hand } from './tool'

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

/** A hand that drags a line over the section, shown as it grows; `done` has it once the button is let go. */
export function lineHand(desk: Desk, done: (line: readonly Point[], pointer: ViewerPointer) => void): Hand {
  const line = trail(desk)
  const show = () => void (desk.draft.value = { line: line.points() })
  return {
    press({ at_um }) {
      line.begin(at_um)
      show()
      return true
    },
    drag({ at_um }) {
      if (line.extend(at_um)) show()
    },
    release(pointer) {
      desk.draft.value = {}
      done(line.points(), pointer)
    },
  }
}
