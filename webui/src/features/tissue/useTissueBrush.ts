import { computed, onScopeDispose, ref } from 'vue'

import type { TissueStroke } from '@/api/types'
import type { Point, ViewerHandle } from '@/viewer'

import { CLASSES } from './model/paint'
import { MOST_POINTS } from './model/strokes'
import type { SectionTissue } from './section'
import { useTissue } from './store'

const STEP_PX = 2
const RESIZE = 1.2
const FULL = 'no more strokes fit on this section: clear the corrections, or compute the classes again'
const NONE = 'there are no tissue classes to correct here: compute them on the page of the brain - Esc ends'
const HINT = 'drag to paint - 1 background - 2 white matter - 3 gray matter - [ ] or Shift+wheel size - Ctrl+Z - Space moves around - Esc ends'

/** The brush that corrects tissue classes: it paints at once, and every stroke is saved. */
export function useTissueBrush(viewer: ViewerHandle, mayWrite: () => boolean, panning: () => boolean) {
  const store = useTissue()
  const active = ref(false)
  let stroke: TissueStroke | undefined
  let on: SectionTissue | undefined // the section it is made on, should another be shown meanwhile

  const round = ([x, y]: Point): [number, number] => [Number(x.toFixed(1)), Number(y.toFixed(1))]

  function begin(at: Point): boolean {
    if (panning() || store.full || !store.current?.picture.value) return false
    stroke = { tissue: store.tissue, radius_um: store.radius_um, points: [round(at)] }
    on = store.current
    on.show(stroke, stroke)
    return true
  }

  function extend(at: Point): void {
    const last = stroke?.points.at(-1)
    const step_um = STEP_PX * (viewer.view.value?.um_per_px ?? 1)
    if (!stroke || !last || Math.hypot(at[0] - last[0], at[1] - last[1]) < step_um) return
    const piece: TissueStroke = { ...stroke, points: [last, round(at)] }
    stroke = { ...stroke, points: [...stroke.points, round(at)] }
    on?.show(stroke, piece)
    if (stroke.points.length === MOST_POINTS) { // the rest of a very long one is another stroke
      keep(stroke)
      stroke = { ...stroke, points: [round(at)] }
    }
  }

  const keep = (made: TissueStroke) => on && store.change(on, { kind: 'paint', stroke: made }, true)

  function end(): void {
    if (stroke) keep(stroke)
    stroke = on = undefined
  }

  onScopeDispose(viewer.listen((pointer) => {
    if (!active.value) return false
    if (pointer.kind === 'press') return begin(pointer.at_um)
    if (pointer.kind === 'drag') extend(pointer.at_um)
    if (pointer.kind === 'release') end()
    return false
  }))

  function start(): void {
    if (!mayWrite()) return
    store.shown = true
    active.value = true
  }

  function stop(): boolean {
    end()
    active.value = false
    return true
  }

  const KEYS: Record<string, () => unknown> = {
    ...Object.fromEntries(CLASSES.map(({ name }, index) => [String(index + 1), () => (store.tissue = name)])),
    '[': () => store.resize(1 / RESIZE),
    ']': () => store.resize(RESIZE),
    Escape: stop,
  }
  function key(name: string): boolean {
    KEYS[name]?.()
    return name in KEYS
  }

  const hint = computed(() => {
    if (store.current?.error.value) return NONE
    return store.full ? FULL : HINT
  })
  return {
    active, hint, start, stop, key,
    cursor: computed(() => (panning() ? 'grab' : 'none')),
    wheel: (up: boolean) => store.resize(up ? RESIZE : 1 / RESIZE),
  }
}

export type TissueBrush = ReturnType<typeof useTissueBrush>
