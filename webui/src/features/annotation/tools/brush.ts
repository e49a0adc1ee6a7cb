import { ref } from 'vue'

import { randomKey } from '@/shared/randomKey'

import { compute } from '../geometry/compute'
import type { DraftStroke } from '../model/draft'
import type { Point } from '../model/geometry'
import { outlined } from '../model/history'
import { hitRegion } from '../model/hit'
import type { Desk, Hand, Tool } from './tool'
import { trail } from './trail'

const RESIZE = 1.2
const FIRST_PX = 20
const SMALLEST_UM = 2
const TOLERANCE_PX = 0.4 // an edge that was painted lies this near to what was seen
const NOT_SELECTED = 'The eraser takes from the selected region: select one first (V).'

const radius_um = ref<number>() // the same for brush and eraser, as long as the page is open

interface Underway extends DraftStroke {
  uid: string
}

/** Paints or erases: while dragging the stroke is only drawn, on release it is worked into the region beside the page's thread. */
function take(desk: Desk, eraser: boolean): Hand {
  const line = trail(desk)
  let underway: Underway | undefined
  let waiting: readonly Underway[] = []
  let last = Promise.resolve()
  let dropped = false

  const radius = () => (radius_um.value ??= desk.um(FIRST_PX))
  const show = () => {
    if (!dropped) desk.draft.value = { ring_um: radius(), strokes: underway ? [...waiting, underway] : waiting }
  }

  function resize(factor: number): void {
    radius_um.value = Math.max(SMALLEST_UM, radius() * factor)
    show()
  }

  const within = (at: Point) => ({ points, radius_um: reach }: Underway) => points.some(([x, y]) => Math.hypot(x - at[0], y - at[1]) <= reach)

  /** What a stroke that begins here is of: the selected region, another one under the pointer, or none yet. */
  function target(at: Point, keep: boolean): string | undefined {
    const regions = desk.visible().filter((region) => region.shape === 'region')
    const selected = regions.find((region) => region.uid === desk.store.selected)
    if (selected && (keep || hitRegion([selected], at, 0))) return selected.uid
    return hitRegion(regions, at, 0)?.uid ?? waiting.findLast(within(at))?.uid
  }

  async function work(stroke: Underway, tolerance_um: number): Promise<void> {
    const { store } = desk
    const [section, region] = [store.section, store.regions.find((one) => one.uid === stroke.uid)]
    if (region || !stroke.erase) {
      const { points, radius_um: reach, erase } = stroke
      const paths = await compute('paint', region?.paths ?? [], { points, radius_um: reach, erase }, tolerance_um)
      const unchanged = store.section === section && store.regions.find((one) => one.uid === stroke.uid)?.paths === region?.paths
      if (unchanged && region) store.reshape(stroke.uid, paths)
      else if (unchanged && paths.length) store.change(stroke.uid, outlined(stroke.area, paths))
      if (unchanged && paths.length) store.select(stroke.uid)
    }
    waiting = waiting.filter((one) => one !== stroke)
    show()
  }

  show()
  return {
    press({ at_um, shift, mod }) {
      const erase = eraser || mod
      const uid = erase && eraser ? desk.store.selected : target(at_um, shift)
      if (erase && !uid) {
        desk.say(NOT_SELECTED)
        return true
      }
      const region = desk.store.regions.find((one) => one.uid === uid)
      line.begin(at_um)
      underway = { uid: uid ?? randomKey(), points: line.points(), radius_um: radius(), erase, area: region?.area ?? desk.store.area }
      show()
      return true
    },
    drag({ at_um }) {
      if (underway && line.extend(at_um)) show()
    },
    release() {
      if (!underway) return
      const stroke = { ...underway, points: [...line.points()] }
      const tolerance_um = desk.um(TOLERANCE_PX)
      underway = undefined
      waiting = [...waiting, stroke]
      show()
      last = last.then(() => work(stroke, tolerance_um)).catch((error: Error) => desk.say(error.message))
    },
    key(name) {
      if (name === '[') resize(1 / RESIZE)
      if (name === ']') resize(RESIZE)
      return name === '[' || name === ']'
    },
    wheel: (up) => resize(up ? RESIZE : 1 / RESIZE),
    drop: () => void (dropped = true),
  }
}

export const brush: Tool = {
  name: 'brush', key: 'b', title: 'Brush', icon: 'brush', cursor: 'none', group: 'Paint',
  hint: 'drag on a region to add to it, beside for a new one - Shift: to the selected - Ctrl erases - [ ] or Shift+wheel size',
  take: (desk) => take(desk, false),
}

export const eraser: Tool = {
  name: 'eraser', key: 'e', title: 'Eraser', icon: 'eraser', cursor: 'none', group: 'Paint',
  hint: 'drag to take from the selected region - [ ] or Shift+wheel size - Space moves around',
  take: (desk) => take(desk, true),
}
