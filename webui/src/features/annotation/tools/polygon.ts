import { polygonClick, polygonKey, type PolygonStep } from '../model/drawing'
import { finish } from './finish'
import { REACH_PX } from './outline'
import type { Desk, Hand, Tool } from './tool'

function take(desk: Desk): Hand {
  const line = () => desk.draft.value.line ?? []

  function follow({ draft, finished }: PolygonStep, extend: boolean): void {
    desk.draft.value = { line: draft, nodes: true }
    if (finished) finish(desk, finished, extend)
  }

  function key(name: string): boolean {
    const step = polygonKey(line(), name.replace('Shift+', ''))
    if (step) follow(step, name.startsWith('Shift+'))
    return !!step
  }

  return {
    click: ({ at_um, shift }) => follow(polygonClick(line(), at_um, desk.um(REACH_PX)), shift),
    double: ({ shift }) => void key(shift ? 'Shift+Enter' : 'Enter'),
    key,
  }
}

export const polygon: Tool = {
  name: 'polygon', key: 'p', title: 'Draw a polygon', icon: 'polygon', cursor: 'crosshair', group: 'Draw',
  hint: 'click sets a node - the first node or Enter closes, with Shift as hole or part of the selected region - Backspace - Esc',
  take,
}
