import { compute } from '../geometry/compute'
import type { Point } from '../model/geometry'
import { hitRegion } from '../model/hit'
import { becomePieces, still } from './pieces'
import type { Desk, Hand, Tool } from './tool'
import { trail } from './trail'

const NOT_ACROSS = 'The line does not cut the region in two: draw it from outside right across.'

async function cut(desk: Desk, line: readonly Point[]): Promise<void> {
  const region = desk.store.selection
  if (region?.shape !== 'region') return desk.say('Select a region first (click it), then draw a line across.')
  const [before, after] = await Promise.all([compute('parts', region.paths), compute('knife', region.paths, line)])
  if (!still(desk, region)) return
  if (after.length <= before.length) return desk.say(NOT_ACROSS)
  becomePieces(desk, region, after)
  desk.say(`${region.area} is cut: ${after.length} regions, the largest is selected.`)
}

function take(desk: Desk): Hand {
  const line = trail(desk)
  const show = () => void (desk.draft.value = { line: line.points() })
  return {
    press({ at_um }) {
      line.begin(at_um)
      return true
    },
    drag({ at_um }) {
      if (line.extend(at_um)) show()
    },
    release() {
      desk.draft.value = {}
      if (line.points().length > 1) void cut(desk, [...line.points()]).catch((error: Error) => desk.say(error.message))
    },
    click: ({ at_um }) => desk.store.select(hitRegion(desk.visible(), at_um, 0)?.uid),
  }
}

export const knife: Tool = {
  name: 'knife', key: 'k', title: 'Knife', icon: 'knife', cursor: 'crosshair', group: 'Combine',
  hint: 'click selects a region - drag a line across it: the pieces are regions of the same area',
  take,
}
