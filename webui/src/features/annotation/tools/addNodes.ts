import { hitRegion } from '../model/hit'
import { addNode, nodeDragging, REACH_PX } from './outline'
import type { Tool } from './tool'

export const addNodes: Tool = {
  name: 'add-node', key: 'Shift+a', title: 'Add nodes', icon: 'nodePlus', cursor: 'default', group: 'Select', rare: true,
  hint: 'click the outline of the selected region: it gets a node there - drag nodes to move them',
  take: (desk) => ({
    ...nodeDragging(desk),
    click(pointer) {
      if (!addNode(desk, pointer)) desk.store.select(hitRegion(desk.visible(), pointer.at_um, desk.um(REACH_PX))?.uid)
    },
  }),
}
