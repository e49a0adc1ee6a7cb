import type { Paths } from '@/api/types'
import { keyLabel } from '@/shared/keyTable'

import { NOTHING_INSTEAD } from '../model/draft'
import type { Point } from '../model/geometry'
import { hitRegion } from '../model/hit'
import { about, middle, shift, transformed, turn } from '../model/transform'
import { REACH_PX } from './outline'
import type { Desk, Hand, Tool } from './tool'

const SNAP_RAD = Math.PI / 12

/** Drags what is under the pointer, or the selected shape, as a whole. */
function whole(desk: Desk, change: (paths: Paths, from: Point, to: Point, steps: boolean) => Paths): Hand {
  const { store } = desk
  let held: { uid: string; paths: Paths; from: Point } | undefined
  let now: Paths | undefined
  return {
    press({ at_um }) {
      const under = hitRegion(desk.visible(), at_um, desk.um(REACH_PX))
      const selected = store.selection && hitRegion([store.selection], at_um, desk.um(REACH_PX))
      const region = selected ?? under
      if (!region) return false
      store.select(region.uid)
      held = { uid: region.uid, paths: region.paths, from: at_um }
      return true
    },
    drag({ at_um, shift: steps }) {
      if (!held) return
      now = change(held.paths, held.from, at_um, steps)
      desk.instead.value = new Map([[held.uid, now]])
    },
    release() {
      if (held && now) store.reshape(held.uid, now)
      desk.instead.value = NOTHING_INSTEAD
      held = now = undefined
    },
  }
}

export const move: Tool = {
  name: 'move', key: 'm', title: 'Move a whole region', icon: 'move', cursor: 'move', group: 'Select',
  hint: 'drag a region, a line or a note - drag free tissue to move around',
  take: (desk) => whole(desk, (paths, from, to) => transformed(paths, shift([to[0] - from[0], to[1] - from[1]]))),
}

export const rotate: Tool = {
  name: 'rotate', key: 'Shift+r', title: 'Rotate a region', icon: 'rotate', cursor: 'crosshair', group: 'Select', rare: true,
  hint: `drag a region around its middle - ${keyLabel('Shift')}: in steps of 15 degrees`,
  take: (desk) => whole(desk, (paths, from, to, steps) => {
    const [x, y] = middle(paths)
    const angle = Math.atan2(to[1] - y, to[0] - x) - Math.atan2(from[1] - y, from[0] - x)
    const taken = steps ? Math.round(angle / SNAP_RAD) * SNAP_RAD : angle
    desk.say(`${Math.round((Math.atan2(Math.sin(taken), Math.cos(taken)) * 180) / Math.PI)}°`)
    return transformed(paths, about([x, y], turn(taken)))
  }),
}
