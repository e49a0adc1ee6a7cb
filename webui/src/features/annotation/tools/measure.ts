import type { Point } from '../model/geometry'
import { measureWords } from '../model/measure'
import type { Desk, Hand, Tool } from './tool'

function take(desk: Desk): Hand {
  let points: readonly Point[] = []
  let ended = false

  function show(at?: Point): void {
    const all = at && !ended ? [...points, at] : points
    const last = all.at(-1)
    if (ended) desk.say(measureWords(points))
    desk.draft.value = { line: all, marks: true, words: last && all.length > 1 ? { at: last, text: measureWords(all) } : undefined }
  }

  const end = () => {
    ended = true
    show()
  }
  const KEYS: Record<string, () => void> = {
    Enter: end,
    Backspace: () => {
      points = points.slice(0, -1)
      show()
    },
    Escape: () => {
      points = []
      show()
    },
  }
  return {
    click({ at_um }) {
      points = ended ? [at_um] : [...points, at_um]
      ended = false
      show()
    },
    double: end,
    hover: ({ at_um }) => (points.length && !ended ? show(at_um) : undefined),
    key(name) {
      if (!points.length || !(name in KEYS)) return false
      KEYS[name]!()
      return true
    },
  }
}

export const measure: Tool = {
  name: 'measure', key: 'q', title: 'Measure length and area', icon: 'measure', cursor: 'crosshair', group: 'Look', reads: true,
  hint: 'click points: length, from three on also area - Enter or a double click ends - Backspace - Esc clears',
  take,
}
