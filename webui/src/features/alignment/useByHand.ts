import { computed, onScopeDispose, ref, watch } from 'vue'

import { affineOf, inverse, map, mirrored, shifted, turned } from '@/shared/rigid'
import type { Point, ViewerHandle } from '@/viewer'

import { movedWords } from './model/neighbour'
import { useNeighbour } from './store'

const NUDGE_UM = 10
const NUDGE_FAR_UM = 100
const TURN_RAD = (0.25 * Math.PI) / 180
const HINT = 'drag moves the neighbour - Shift+drag turns it - arrows 10 µm, with Shift 100 µm - [ ] turn - M mirrors - Enter saves - Esc cancels'
const FIRST = 'Save the moved transform (Enter) or cancel it (Esc) first.'

/** The transform between two sections set by hand: the neighbour is moved, turned and mirrored over the section. */
export function useByHand(viewer: ViewerHandle, mayWrite: () => boolean, panning: () => boolean) {
  const store = useNeighbour()
  const active = ref(false)
  const warned = ref(false)
  let grab: { at: Point; from: NonNullable<typeof store.place> } | undefined

  const centre = (): Point => viewer.view.value?.centre_um ?? [0, 0]
  const bearing = ([x, y]: Point): number => Math.atan2(y - centre()[1], x - centre()[0])

  function drag(at: Point, turning: boolean): void {
    if (!grab) return
    store.dragged = turning
      ? turned(grab.from, bearing(at) - bearing(grab.at), centre())
      : shifted(grab.from, at[0] - grab.at[0], at[1] - grab.at[1])
  }

  function release(): void {
    if (store.dragged) store.move(store.dragged)
    grab = undefined
  }

  onScopeDispose(viewer.listen((pointer) => {
    if (!active.value) return false
    if (pointer.kind === 'drag') drag(pointer.at_um, pointer.shift)
    if (pointer.kind === 'release') release()
    if (pointer.kind !== 'press' || panning() || !store.place || !store.shown) return false
    grab = { at: pointer.at_um, from: store.place }
    return true
  }))

  const nudge = (x: number, y: number) => () => store.place && store.move(shifted(store.place, x, y))
  const turn = (angle: number) => () => store.place && store.move(turned(store.place, angle, centre()))
  const mirror = () => store.place && store.move(mirrored(store.place, centre()))

  function arrows(prefix: string, step: number): Record<string, () => unknown> {
    const ways = { Left: [-step, 0], Right: [step, 0], Up: [0, -step], Down: [0, step] } as const
    return Object.fromEntries(Object.entries(ways).map(([way, [x, y]]) => [`${prefix}Arrow${way}`, nudge(x, y)]))
  }

  function start(): void {
    if (mayWrite() && store.side) active.value = true
  }

  function stop(): boolean {
    store.dragged = grab = undefined
    store.cancel()
    active.value = false
    return true
  }

  /** False where moves would be lost; says so. */
  function mayLeave(): boolean {
    warned.value = active.value && store.unsaved
    return !warned.value
  }

  const KEYS: Record<string, () => unknown> = {
    ...arrows('', NUDGE_UM),
    ...arrows('Shift+', NUDGE_FAR_UM),
    '[': turn(-TURN_RAD),
    ']': turn(TURN_RAD),
    m: mirror,
    Enter: () => store.unsaved && store.save(),
    Escape: stop,
  }
  function key(name: string): boolean {
    if (!(name in KEYS)) return false
    void KEYS[name]!()
    return true
  }

  /** How far the middle of the screen was moved. */
  const words = computed(() => {
    const [from, now] = [store.computedPlace, store.place]
    if (!from || !now || from === now) return ''
    const middle = centre()
    return movedWords(from, now, middle, map(affineOf(now), map(affineOf(inverse(from)), middle)))
  })
  watch(() => [store.place, active.value], () => (warned.value = false))
  watch(() => store.number, (number) => number === undefined && (active.value = false))

  const ask = (event: BeforeUnloadEvent) => void (store.unsaved && event.preventDefault())
  window.addEventListener('beforeunload', ask)
  onScopeDispose(() => window.removeEventListener('beforeunload', ask))

  return {
    active, words, start, stop, key, mirror, mayLeave,
    hint: computed(() => (warned.value ? FIRST : words.value ? `moved ${words.value} - Enter saves - Esc cancels - Ctrl+Z takes the last move back` : HINT)),
    cursor: computed(() => (panning() ? 'grab' : 'move')),
  }
}

export type ByHand = ReturnType<typeof useByHand>
