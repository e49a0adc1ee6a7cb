import type { ViewerPointer } from '@/viewer'

import { polygonClick, polygonKey, type PolygonStep } from '../model/drawing'
import { followed } from '../model/follow'
import { corner, type Point, position } from '../model/geometry'
import { snap } from '../model/snap'
import { finish } from './finish'
import { REACH_PX } from './outline'
import type { Desk, Hand, Tool } from './tool'

function take(desk: Desk): Hand {
  let clicked: readonly Point[] = []

  /** On the border of another region where there is one within reach. */
  const caught = ({ at_um, mod }: ViewerPointer): Point | undefined => (mod ? undefined : snap(desk.visible(), at_um, desk.um(REACH_PX)))

  function follow({ draft, finished }: PolygonStep, extend: boolean): void {
    clicked = draft
    desk.draft.value = { line: followed(desk.visible(), draft.map(corner), false).map(position), nodes: true }
    if (finished) finish(desk, followed(desk.visible(), finished, true), extend)
  }

  function key(name: string): boolean {
    const step = polygonKey(clicked, name.replace('Shift+', ''))
    if (step) follow(step, name.startsWith('Shift+'))
    return !!step
  }

  return {
    hover: (pointer) => void (desk.draft.value = { ...desk.draft.value, caught: caught(pointer) }),
    leave: () => void (desk.draft.value = { ...desk.draft.value, caught: undefined }),
    click: (pointer) => follow(polygonClick(clicked, caught(pointer) ?? pointer.at_um, desk.um(REACH_PX)), pointer.shift),
    double: ({ shift }) => void key(shift ? 'Shift+Enter' : 'Enter'),
    key,
  }
}

export const polygon: Tool = {
  name: 'polygon', key: 'p', title: 'Draw a polygon', icon: 'polygon', cursor: 'crosshair', group: 'Draw',
  hint: 'click sets nodes, along borders that are near (Ctrl: freely) - Enter closes (Shift: hole or part of the selected) - Backspace - Esc',
  take,
}
