import { randomKey } from '@/shared/randomKey'

import type { Path } from '@/api/types'

import { corner, type Point, simplify } from '../model/geometry'
import { fit } from '../model/fit'
import type { Desk, Hand, Tool } from './tool'
import { trail } from './trail'

const TOLERANCE_PX = 1.2

function take(desk: Desk): Hand {
  const dragged = trail(desk)
  const line = () => desk.draft.value.line ?? []

  function keep(path: Path): void {
    const uid = randomKey()
    desk.store.change(uid, { area: desk.store.area, paths: [path], shape: 'line', text: '', order: 0 })
    desk.choose('select')
    desk.store.select(uid)
  }

  const end = () => {
    if (line().length > 1) keep(line().map(corner))
  }
  const KEYS: Record<string, () => void> = {
    Enter: end,
    Backspace: () => void (desk.draft.value = { line: line().slice(0, -1), nodes: true }),
    Escape: () => void (desk.draft.value = {}),
  }

  return {
    press({ at_um }) {
      dragged.begin(at_um)
      return true
    },
    drag({ at_um }) {
      if (!line().length || !desk.draft.value.nodes) if (dragged.extend(at_um)) desk.draft.value = { line: dragged.points() }
    },
    release({ alt }) {
      const points: readonly Point[] = [...dragged.points()]
      if (desk.draft.value.nodes || points.length < 2) return
      const tolerance_um = desk.um(TOLERANCE_PX)
      keep(alt ? simplify(points, tolerance_um).map(corner) : fit(points, tolerance_um, false))
    },
    click: ({ at_um }) => void (desk.draft.value = { line: [...line(), at_um], nodes: true }),
    double: end,
    key(name) {
      if (!line().length || !(name in KEYS)) return false
      KEYS[name]!()
      return true
    },
  }
}

export const line: Tool = {
  name: 'line', key: 'l', title: 'Open line', icon: 'line', cursor: 'crosshair', group: 'Draw',
  hint: 'drag a line (Alt: without curves), or click its points - Enter or a double click ends - Backspace - Esc',
  take,
}
