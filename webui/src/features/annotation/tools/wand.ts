import type { Paths } from '@/api/types'
import { screenToUm, umToScreen, type View } from '@/viewer/coordinates'

import { compute } from '../geometry/compute'
import type { Gray } from '../geometry/wand'
import { corner, type Point } from '../model/geometry'
import { grayOf } from './grayOf'
import type { Desk, Hand, Tool } from './tool'

const FIRST_TOLERANCE = 20
const PX_PER_STEP = 4
const NOTHING = 'Nothing of this gray hangs together here: drag to the right for more tolerance.'

interface Held {
  at: Point // in the picture
  x_um: number
  view: View
  gray: Gray
  ratio: number
}

function take(desk: Desk): Hand {
  let held: Held | undefined
  let tolerance = FIRST_TOLERANCE
  let found: Paths = []
  let busy: Promise<void> | undefined
  let again = false

  async function grow(everywhere: boolean): Promise<void> {
    const { at, gray, view, ratio } = held!
    const rings = await compute('wand', gray, { at, tolerance, everywhere })
    found = rings.map((ring) => ring.map(([x, y]) => corner(screenToUm(view, [x / ratio, y / ratio]))))
    desk.draft.value = { outcome: [found] }
    desk.say(found.length ? `Tolerance ${Math.round(tolerance)} of 255 - drag left or right changes it - let go keeps it` : NOTHING)
  }

  /** One question at a time, and after it the latest. */
  function look(everywhere: boolean): void {
    if (busy) return void (again = true)
    busy = grow(everywhere).catch((error: Error) => desk.say(error.message)).finally(() => {
      busy = undefined
      if (again && held) {
        again = false
        look(everywhere)
      }
    })
  }

  async function keep(extend: boolean, erase: boolean): Promise<void> {
    await busy
    while (busy) await busy
    const [{ store }, region] = [desk, desk.store.selection]
    desk.draft.value = {}
    held = undefined
    if (!found.length) return desk.say(NOTHING)
    const on = (extend || erase) && region?.shape === 'region' ? region : undefined
    if (on) store.reshape(on.uid, await compute('combine', erase ? 'subtract' : 'union', on.paths, found))
    else store.draw(found)
    desk.say('')
  }

  return {
    press({ at_um, alt }) {
      const [view, seen] = [desk.view(), desk.viewer.pixels()]
      if (!view || !seen || held) return true
      const px = umToScreen(view, at_um)
      held = { at: [px[0] * seen.ratio, px[1] * seen.ratio], x_um: at_um[0], view, gray: grayOf(seen.image), ratio: seen.ratio }
      tolerance = FIRST_TOLERANCE
      found = []
      look(alt)
      return true
    },
    drag({ at_um, alt }) {
      if (!held) return
      tolerance = Math.max(1, FIRST_TOLERANCE + (at_um[0] - held.x_um) / desk.um(PX_PER_STEP))
      look(alt)
    },
    release: ({ shift, mod }) => void keep(shift, mod).catch((error: Error) => desk.say(error.message)),
    drop: () => void (held = undefined),
  }
}

export const wand: Tool = {
  name: 'wand', key: 'w', title: 'Magic wand', icon: 'wand', cursor: 'crosshair', group: 'Paint',
  hint: 'press on tissue that is as dark - drag for tolerance - Alt: everywhere on screen - Shift adds to the selected, Ctrl subtracts',
  take,
}
