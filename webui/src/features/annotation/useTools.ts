import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { randomKey } from '@/shared/randomKey'
import type { ViewerHandle, ViewerPointer } from '@/viewer'

import { type Draft, type Instead, NO_DRAFT, NOTHING_INSTEAD } from './model/draft'
import { corner } from './model/geometry'
import { useAnnotations } from './store'
import { ACTIONS, TOOLS } from './tools'
import type { Desk, Hand, Writing } from './tools/tool'

const READ_ONLY = 'You may look at this project but not draw in it. A manager can make you an annotator.'

/** The tool in hand: gets the viewer's pointer and the keys, and edits the annotation store. */
export function useTools(viewer: ViewerHandle, mayWrite: () => boolean, between: Desk['between']) {
  const store = useAnnotations()
  const name = ref('select')
  const tool = computed(() => TOOLS.find((one) => one.name === name.value)!)
  const draft = shallowRef<Draft>(NO_DRAFT)
  const instead = shallowRef<Instead>(NOTHING_INSTEAD)
  const writing = shallowRef<Writing>()
  const words = ref('') // said in place of the hint
  const panning = ref(false) // Space held
  const judgePart = shallowRef<Desk['judgePart']>() // the page's answer to a part of the prediction that was drawn around
  const resting = ref(false) // a layer is being corrected: pointer and keys are its

  const desk: Desk = {
    store, draft, instead, viewer, mayWrite, between, choose, write,
    view: () => viewer.view.value,
    judgePart: (ring, accept) => judgePart.value?.(ring, accept),
    um: (px) => px * (viewer.view.value?.um_per_px ?? 1),
    visible: () => store.regions.filter((region) => !store.hidden.has(region.area)),
    say: (text) => (words.value = text),
  }
  let hand: Hand = tool.value.take(desk)
  // What another person makes of a region in hand must not slip below the hand.
  watch(instead, (held) => store.hold(held.keys()), { flush: 'sync' })

  function choose(next: string): void {
    const wanted = TOOLS.find((one) => one.name === next)
    if (!wanted) throw new Error(`there is no tool ${next}`)
    if (!wanted.reads && !mayWrite()) return void (words.value = READ_ONLY)
    hand.drop?.()
    draft.value = NO_DRAFT
    instead.value = NOTHING_INSTEAD
    words.value = ''
    name.value = next
    hand = wanted.take(desk)
  }

  function write(note: Writing | undefined): void {
    writing.value = note
  }

  /** Keeps the note that is being written; without words it is taken away, or never was. */
  function keepNote(text: string): void {
    const note = writing.value
    writing.value = undefined
    if (!note || text.trim() === note.text) return
    const before = store.regions.find((region) => region.uid === note.uid)
    const after = { area: before?.area ?? store.area, paths: before?.paths ?? [[corner(note.at)]], shape: 'note' as const, text: text.trim(), order: before?.order ?? 0 }
    store.change(note.uid ?? randomKey(), text.trim() ? after : undefined)
  }

  function point(pointer: ViewerPointer): boolean {
    if (resting.value) return false
    if (pointer.kind === 'press') {
      words.value = ''
      return !panning.value && (hand.press?.(pointer) ?? false)
    }
    if (!panning.value || pointer.kind === 'drag' || pointer.kind === 'release') hand[pointer.kind]?.(pointer)
    return false
  }
  onScopeDispose(viewer.listen(point))

  /** Does an action, or says why it cannot be done. */
  function act(action: string): void {
    const wanted = ACTIONS.find((one) => one.name === action)
    if (!wanted) throw new Error(`there is no action ${action}`)
    words.value = !wanted.reads && !mayWrite() ? READ_ONLY : wanted.hindered(desk)
    if (!words.value) void wanted.run(desk)
  }

  /** Keys that mean something to the tool in hand; false lets the key pass on. */
  function key(pressed: string): boolean {
    if (resting.value) return false
    if (hand.key?.(pressed)) return true
    if (pressed !== 'Escape' || name.value === 'select') return false
    choose('select')
    return true
  }

  const cursor = computed(() => (panning.value ? 'grab' : tool.value.cursor))
  const hint = computed(() => words.value || tool.value.hint)
  const wheel = (up: boolean): boolean => {
    hand.wheel?.(up)
    return !!hand.wheel
  }
  return { name, tool, draft, instead, writing, write, keepNote, judgePart, say: desk.say, hint, panning, resting, cursor, choose, act, key, wheel }
}

export type Tools = ReturnType<typeof useTools>
