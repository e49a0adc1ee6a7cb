import { ref } from 'vue'

import { TOOLS, type ToolName, type Tools } from '@/features/annotation'
import { useTone } from '@/features/layers'
import { type Hotkeys, useHotkeys } from '@/shared/useHotkeys'
import type { ViewerHandle } from '@/viewer'

import { withModeKeys } from './useModeKeys'
import type { SectionActions } from './useSectionActions'
import type { SectionLayers } from './useSectionLayers'

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
  ['S', 'The neighbour alone while held, where one is shown'],
  ['Space', 'Move around with any tool while held'],
]

/** Keys that mean something while a layer is being corrected, for the sheet. */
export const MODE_KEYS: readonly (readonly [string, string])[] = [
  ['Arrows [ ] M', 'By hand: move the neighbour 10 µm (with Shift 100 µm), turn it, mirror it; Enter saves'],
  ['1 2 3 [ ]', 'Brush: background, white, gray; smaller, larger'],
]

const OWN_NAMES: Record<string, string> = { Mod: 'Ctrl', ArrowLeft: 'Left', ArrowRight: 'Right', Delete: 'Del' }

/** A key as it is written on screen: "Mod+Shift+z" is "Ctrl+Shift+Z". */
export const keyLabel = (key: string): string =>
  key.split('+').map((part) => OWN_NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join('+') || key

const TONE_STEP = 0.125 // of an octave

/** Everything that can be done on the section page, in one table: keys, key sheet and palette read it. */
function sectionCommands(viewer: ViewerHandle, tools: Tools, actions: SectionActions, layers: SectionLayers): Command[] {
  const tone = useTone()
  const choose = (tool: ToolName) => layers.leave() && tools.choose(tool)
  return [
    ...TOOLS.map((tool) => ({ title: tool.title, keys: [tool.key], run: () => choose(tool.name) })),
    { title: 'Delete the selected region', keys: ['Delete', 'Backspace'], run: () => tools.key('Delete') },
    { title: 'Undo', keys: ['Mod+z'], run: layers.undo },
    { title: 'Redo', keys: ['Mod+Shift+z', 'Mod+y'], run: layers.redo },
    { title: 'Section before', keys: [',', 'ArrowLeft'], run: () => actions.step(-1) },
    { title: 'Section after', keys: ['.', 'ArrowRight'], run: () => actions.step(1) },
    { title: 'Show the whole section', keys: ['0'], run: () => viewer.fit() },
    { title: 'Closer', keys: ['=', '+'], run: () => viewer.zoomBy(1.5) },
    { title: 'Farther', keys: ['-'], run: () => viewer.zoomBy(1 / 1.5) },
    { title: 'Neighbour over the section: next, before, off', keys: ['n'], run: layers.nextSide },
    { title: 'Set the transform to the neighbour by hand', keys: ['k'], run: layers.startByHand },
    { title: 'Tissue classes', keys: ['g'], run: () => (layers.tissue.shown = !layers.tissue.shown) },
    { title: 'Correct the tissue classes with the brush', keys: ['b'], run: layers.startBrush },
    { title: 'Less contrast', keys: ['8'], run: () => tone.nudge('contrast', -TONE_STEP) },
    { title: 'More contrast', keys: ['9'], run: () => tone.nudge('contrast', TONE_STEP) },
    { title: 'Less gamma (darker)', keys: ['6'], run: () => tone.nudge('gamma', -TONE_STEP) },
    { title: 'More gamma (brighter)', keys: ['7'], run: () => tone.nudge('gamma', TONE_STEP) },
    { title: 'Invert dark and bright', keys: ['i'], run: tone.invert },
    { title: 'Show the image as it is', keys: [], run: tone.reset },
    { title: 'Propose an outline between annotated sections', keys: ['o'], run: actions.proposal.propose },
    { title: 'Accept the prediction', keys: ['a'], run: actions.accept },
    { title: 'Reject the prediction', keys: ['r'], run: actions.askReason },
    { title: 'Correct the prediction', keys: ['c'], run: actions.correct },
    { title: 'Next unreviewed section', keys: ['u'], run: actions.nextUnreviewed },
    { title: 'Next doubtful stretch of the border', keys: ['j'], run: actions.nextStretch },
    { title: 'Open the review queue', keys: [], run: actions.openReview },
    { title: 'New training task', keys: ['t'], run: actions.openWizard },
  ]
}

/** The keys of the section page. What is held comes back when it is let go. */
export function useSectionKeys(viewer: ViewerHandle, tools: Tools, actions: SectionActions, layers: SectionLayers) {
  const overlaysHidden = ref(false)
  const bare = ref(false)
  const help = ref(false)
  const palette = ref(false)
  const commands = sectionCommands(viewer, tools, actions, layers)
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
    s: () => void (layers.neighbour.alone = true),
    ' ': (event) => (onPage(event) ? hold(tools.panning, true) : false),
    Tab: (event) => (onPage(event) ? hold(bare, true) : false),
    'Mod+k': () => hold(palette, true),
    '?': () => hold(help, !help.value),
  }
  const released: Hotkeys = {
    h: () => hold(overlaysHidden, false),
    s: () => void (layers.neighbour.alone = false),
    ' ': () => hold(tools.panning, false),
    Tab: () => hold(bare, false),
  }
  useHotkeys(withModeKeys(pressed, layers), released)
  return { overlaysHidden, bare, help, palette, commands }
}
