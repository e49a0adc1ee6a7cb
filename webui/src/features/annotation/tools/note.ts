import { hitRegion } from '../model/hit'
import { REACH_PX } from './outline'
import type { Tool } from './tool'

export const note: Tool = {
  name: 'note', key: 't', title: 'Text note', icon: 'note', cursor: 'text', group: 'Draw',
  hint: 'click a place, type, Enter keeps it (Shift+Enter: new line) - click a note to change it - Esc',
  take: (desk) => ({
    press: () => true, // else the viewer would take the focus from the field
    click({ at_um }) {
      const there = hitRegion(desk.visible().filter(({ shape }) => shape === 'note'), at_um, desk.um(REACH_PX))
      desk.write(there ? { uid: there.uid, at: [there.paths[0]![0]![0], there.paths[0]![0]![1]], text: there.text } : { at: at_um, text: '' })
    },
  }),
}
