import { freehandPath } from '../model/drawing'
import type { Desk, Hand, Tool } from './tool'
import { lineHand } from './trail'

const TOLERANCE_PX = 1.2

const take = (desk: Desk): Hand =>
  lineHand(desk, (line, { shift }) => {
    const path = freehandPath(line, desk.um(TOLERANCE_PX))
    if (path) void desk.judgePart(path, !shift)
  })

/** In review: what the prediction has inside of a line is accepted or rejected. */
export const part: Tool = {
  name: 'part', key: 'z', title: 'Accept or reject a part of the prediction', icon: 'accept', cursor: 'crosshair', group: 'Paint', rare: true,
  hint: 'drag around a part of the prediction: what lies inside is accepted as annotation - Shift: it is rejected - Space moves around',
  take,
}
