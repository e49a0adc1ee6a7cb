import { hitOutline, hitRegion } from '../model/hit'
import { addNode, nodeDragging, REACH_PX, takeNodeAway } from './outline'
import type { Tool } from './tool'

export const select: Tool = {
  name: 'select', key: 'v', title: 'Select and reshape', icon: 'select', cursor: 'default', group: 'Select', reads: true,
  hint: 'click a region - drag its nodes (Alt: not in neighbours, Ctrl: no snapping) - double-click its edge: a new node - Delete',
  take: (desk) => ({
    ...nodeDragging(desk),
    click(pointer) {
      const { store } = desk
      if (pointer.alt && takeNodeAway(desk, pointer)) return
      const onNode = store.selection && hitOutline(store.selection.paths, pointer.at_um, desk.um(REACH_PX), store.selection.shape === 'region')?.kind === 'node'
      if (!onNode || !desk.mayWrite()) store.select(hitRegion(desk.visible(), pointer.at_um, desk.um(REACH_PX))?.uid)
    },
    double(pointer) {
      const note = desk.store.selection?.shape === 'note' ? desk.store.selection : undefined
      if (note && desk.mayWrite()) desk.write({ uid: note.uid, at: [note.paths[0]![0]![0], note.paths[0]![0]![1]], text: note.text })
      else addNode(desk, pointer)
    },
    key(name) {
      if (name === 'Escape') desk.store.select(undefined)
      return name === 'Escape'
    },
  }),
}
