import { freehandPath } from '../model/drawing'
import { finish } from './finish'
import type { Desk, Hand, Tool } from './tool'
import { trail } from './trail'

const TOLERANCE_PX = 1.2

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
    release({ shift, alt }) {
      desk.draft.value = {}
      const path = freehandPath(line.points(), desk.um(TOLERANCE_PX), alt)
      if (path) finish(desk, path, shift)
    },
  }
}

export const freehand: Tool = {
  name: 'freehand', key: 'f', title: 'Draw freehand', icon: 'freehand', cursor: 'crosshair', group: 'Draw',
  hint: 'drag around the area, let go to close (Alt: without curves) - Shift: hole or part of the selected region - hold Space to move around',
  take,
}
