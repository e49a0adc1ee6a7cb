import { freehandPath } from '../model/drawing'
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
    release({ shift }) {
      desk.draft.value = {}
      const path = freehandPath(line.points(), desk.um(TOLERANCE_PX))
      if (path) void desk.judgePart(path, !shift)
    },
  }
}

/** In review: what the prediction has inside of a line is accepted or rejected. */
export const part: Tool = {
  name: 'part', key: 'z', title: 'Accept or reject a part of the prediction', icon: 'accept', cursor: 'crosshair', group: 'Paint', rare: true,
  hint: 'drag around a part of the prediction: what lies inside is accepted as annotation - Shift: it is rejected - Space moves around',
  take,
}
