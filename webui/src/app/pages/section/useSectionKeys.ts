import { ref } from 'vue'

import { TOOLS, type Tools, useAnnotations } from '@/features/annotation'
import { type Hotkeys, useHotkeys } from '@/shared/useHotkeys'
import type { ViewerHandle } from '@/viewer'

import type { SectionActions } from './useSectionActions'

/** Something that a key, the palette or both can do. */
export interface Command {
  title: string
  keys: readonly string[]
  run: () => unknown
}

/** Keys that work while they are held, for the sheet. */
export const HELD_KEYS: readonly (readonly [string, string])[] = [
  ['H', 'Hide outlines and predictions while held'],
  ['Tab', 'The section alone while held'],
  ['Space', 'Move around with any tool while held'],
]

const OWN_NAMES: Record<string, string> = { Mod: 'Ctrl', ArrowLeft: 'Left', ArrowRight: 'Right', Delete: 'Del' }

/** A key as it is written on screen: "Mod+Shift+z" is "Ctrl+Shift+Z". */
export const keyLabel = (key: string): string =>
  key.split('+').map((part) => OWN_NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join('+') || key

/** Everything that can be done on the section page, in one table: keys, key sheet and palette read it. */
function sectionCommands(viewer: ViewerHandle, tools: Tools, actions: SectionActions): Command[] {
  const annotations = useAnnotations()
  return [
    ...TOOLS.map((tool) => ({ title: tool.title, keys: [tool.key], run: () => tools.choose(tool.name) })),
    { title: 'Delete the selected region', keys: ['Delete', 'Backspace'], run: () => tools.key('Delete') },
    { title: 'Undo', keys: ['Mod+z'], run: annotations.undo },
    { title: 'Redo', keys: ['Mod+Shift+z', 'Mod+y'], run: annotations.redo },
    { title: 'Section before', keys: [',', 'ArrowLeft'], run: () => actions.step(-1) },
    { title: 'Section after', keys: ['.', 'ArrowRight'], run: () => actions.step(1) },
    { title: 'Show the whole section', keys: ['0'], run: () => viewer.fit() },
    { title: 'Closer', keys: ['=', '+'], run: () => viewer.zoomBy(1.5) },
    { title: 'Farther', keys: ['-'], run: () => viewer.zoomBy(1 / 1.5) },
    { title: 'Accept the prediction', keys: ['a'], run: actions.accept },
    { title: 'Reject the prediction', keys: ['r'], run: actions.askReason },
    { title: 'Correct the prediction', keys: ['c'], run: actions.correct },
    { title: 'Next unreviewed section', keys: ['u'], run: actions.nextUnreviewed },
    { title: 'Open the review queue', keys: [], run: actions.openReview },
    { title: 'New training task', keys: ['t'], run: actions.openWizard },
  ]
}

/** The keys of the section page. What is held comes back when it is let go. */
export function useSectionKeys(viewer: ViewerHandle, tools: Tools, actions: SectionActions) {
  const overlaysHidden = ref(false)
  const bare = ref(false)
  const help = ref(false)
  const palette = ref(false)
  const commands = sectionCommands(viewer, tools, actions)
  // Tab moves the focus in panels; on the section itself it shows the section alone.
  const onPage = (event: KeyboardEvent) => event.target === document.body
  const hold = (state: typeof bare, on: boolean) => void (state.value = on)

  const pressed: Hotkeys = {
    ...Object.fromEntries(commands.flatMap((command) => command.keys.map((key) => [key, () => void command.run()]))),
    Backspace: () => tools.key('Backspace'), // the last node of a polygon, else the region
    Enter: () => tools.key('Enter'),
    'Shift+Enter': () => tools.key('Enter', true),
    Escape: () => (help.value ? hold(help, false) : tools.key('Escape')),
    h: () => hold(overlaysHidden, true),
    ' ': (event) => (onPage(event) ? hold(tools.panning, true) : false),
    Tab: (event) => (onPage(event) ? hold(bare, true) : false),
    'Mod+k': () => hold(palette, true),
    '?': () => hold(help, !help.value),
  }
  const released: Hotkeys = {
    h: () => hold(overlaysHidden, false),
    ' ': () => hold(tools.panning, false),
    Tab: () => hold(bare, false),
  }
  useHotkeys(pressed, released)
  return { overlaysHidden, bare, help, palette, commands }
}
