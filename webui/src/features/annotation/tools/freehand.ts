import { snappedFreehand } from '../model/snapFreehand'
import { finish } from './finish'
import { REACH_PX } from './outline'
import type { Desk, Hand, Tool } from './tool'
import { lineHand } from './trail'

const TOLERANCE_PX = 1.2

const take = (desk: Desk): Hand =>
  lineHand(desk, (line, { shift, alt, mod }) => {
    const others = mod ? [] : desk.visible().filter(({ uid }) => !shift || uid !== desk.store.selected)
    const path = snappedFreehand(others, line, { tolerance_um: desk.um(TOLERANCE_PX), reach_um: desk.um(REACH_PX), corners: alt })
    if (path) finish(desk, path, shift)
  })

export const freehand: Tool = {
  name: 'freehand', key: 'f', title: 'Draw freehand', icon: 'freehand', cursor: 'crosshair', group: 'Draw',
  hint: 'drag around the area, along borders that are near (Ctrl: freely; Alt: no curves) - Shift: hole or part of the selected',
  take,
}
