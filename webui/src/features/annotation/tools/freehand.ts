import { freehandPath } from '../model/drawing'
import type { Point } from '../model/geometry'
import { finish } from './finish'
import type { Desk, Hand, Tool } from './tool'

const TRAIL_STEP_PX = 2
const TOLERANCE_PX = 1.2

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

function take(desk: Desk): Hand {
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
    release({ shift }) {
      desk.draft.value = {}
      const path = freehandPath(line.points(), desk.um(TOLERANCE_PX))
      if (path) finish(desk, path, shift)
    },
  }
}

export const freehand: Tool = {
  name: 'freehand', key: 'f', title: 'Draw freehand', icon: 'freehand', cursor: 'crosshair', group: 'Draw',
  hint: 'drag around the area, let go to close - Shift: hole or part of the selected region - hold Space to move around',
  take,
}
