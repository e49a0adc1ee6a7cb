import { hitRegion } from '../model/hit'
import { addNode, REACH_PX, takeNodeAway } from './outline'
import type { Tool } from './tool'

export const takeNodes: Tool = {
  name: 'erase', key: 'Shift+e', title: 'Take nodes away', icon: 'nodeMinus', cursor: 'default', group: 'Select', rare: true,
  hint: 'click a node of the selected region to take it away',
  take: (desk) => ({
    click(pointer) {
      if (!takeNodeAway(desk, pointer)) desk.store.select(hitRegion(desk.visible(), pointer.at_um, desk.um(REACH_PX))?.uid)
    },
    double: (pointer) => void addNode(desk, pointer),
  }),
}
