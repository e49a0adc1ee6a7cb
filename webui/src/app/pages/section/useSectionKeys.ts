import { ref } from 'vue'

import { type Tools, useAnnotations } from '@/features/annotation'
import { type Hotkeys, useHotkeys } from '@/shared/useHotkeys'
import type { ViewerHandle } from '@/viewer'

import type { SectionActions } from './useSectionActions'

/** Every key of the section page. What is held comes back when it is let go. */
export function useSectionKeys(viewer: ViewerHandle, tools: Tools, actions: SectionActions) {
  const annotations = useAnnotations()
  const overlaysHidden = ref(false)
  const bare = ref(false)
  const help = ref(false)
  // Tab moves the focus in panels; on the section itself it shows the section alone.
  const onPage = (event: KeyboardEvent) => event.target === document.body

  const pressed: Hotkeys = {
    v: () => tools.choose('select'),
    p: () => tools.choose('polygon'),
    f: () => tools.choose('freehand'),
    e: () => tools.choose('erase'),
    Delete: () => tools.key('Delete'),
    Backspace: () => tools.key('Backspace'),
    Enter: () => tools.key('Enter'),
    'Shift+Enter': () => tools.key('Enter', true),
    Escape: () => (help.value ? void (help.value = false) : tools.key('Escape')),
    'Mod+z': () => annotations.undo(),
    'Mod+Shift+z': () => annotations.redo(),
    'Mod+y': () => annotations.redo(),
    ArrowLeft: () => actions.step(-1),
    ArrowRight: () => actions.step(1),
    ',': () => actions.step(-1),
    '.': () => actions.step(1),
    0: () => viewer.fit(),
    '+': () => viewer.zoomBy(1.5),
    '=': () => viewer.zoomBy(1.5),
    '-': () => viewer.zoomBy(1 / 1.5),
    h: () => void (overlaysHidden.value = true),
    ' ': (event) => (onPage(event) ? void (tools.panning.value = true) : false),
    Tab: (event) => (onPage(event) ? void (bare.value = true) : false),
    a: () => actions.accept(),
    r: () => actions.askReason(),
    c: () => actions.correct(),
    u: () => actions.nextUnreviewed(),
    t: () => actions.openWizard(),
    '?': () => void (help.value = !help.value),
  }
  const released: Hotkeys = {
    h: () => void (overlaysHidden.value = false),
    ' ': () => void (tools.panning.value = false),
    Tab: () => void (bare.value = false),
  }
  useHotkeys(pressed, released)
  return { overlaysHidden, bare, help }
}

/** The sheet that `?` opens. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['V P F E', 'Select, polygon, freehand, take nodes away'],
  ['Del', 'Delete the selected region'],
  ['Ctrl+Z  Ctrl+Shift+Z', 'Undo, redo'],
  [', .  or  left right', 'Section before, section after'],
  ['0  +  -', 'Whole section, closer, farther'],
  ['hold H', 'Hide outlines and predictions'],
  ['hold Tab', 'The section alone'],
  ['hold Space', 'Move around with any tool'],
  ['A R C', 'Accept, reject, correct the prediction'],
  ['U', 'Next unreviewed section'],
  ['T', 'New training task'],
  ['?', 'This sheet'],
]
