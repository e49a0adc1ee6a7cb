import { computed, ref, type Ref } from 'vue'

import type { Tools } from '@/features/annotation'
import { inForce } from '@/shared/keyTable'
import { keyName, useHotkeys } from '@/shared/useHotkeys'
import { declareKeys, keyChanges } from '@/shared/useKeys'
import type { ViewerHandle } from '@/viewer'

import { type Command, sectionCommands } from './sectionCommands'
import { tapOrHold } from './tapOrHold'
import type { SectionActions } from './useSectionActions'
import type { SectionLayers } from './useSectionLayers'

/** Keys that mean something while a layer is being corrected or a tool is used, for the sheet. */
export const TOOL_KEYS: readonly (readonly [string, string])[] = [
  ['Enter Backspace Esc', 'End what is being drawn, take its last point back, drop it'],
  ['[ ]', 'Smaller, larger brush; also Shift and the wheel'],
  ['Arrows [ ] M', 'By hand: move the neighbour 10 µm (with Shift 100 µm), turn it, mirror it; Enter saves'],
  ['Enter Esc', 'Looking inside: at the middle of the view; end'],
  ['1 2 3 4 5', 'Rejecting: the reason by its number, or words and Enter; Esc leaves it'],
  ['1 2 3', 'Tissue brush: background, white, gray'],
]

// Tab moves the focus in panels; on the section itself it shows the section alone while held, and by a tap goes to the first control.
const onPage = (event?: KeyboardEvent) => event?.target === document.body
const toControls = () => document.querySelector<HTMLElement>('.section-page a[href], .section-page button:not(:disabled)')?.focus()

/** The keys of the section page. What is held comes back when it is let go. */
export function useSectionKeys(viewer: ViewerHandle, tools: Tools, actions: SectionActions, layers: SectionLayers) {
  const [overlaysHidden, bare, help, palette] = [ref(false), ref(false), ref(false), ref(false)]
  const held = (state: Ref<boolean>) => ({ run: () => void (state.value = true), release: () => void (state.value = false) })
  const onPageOnly = (state: Ref<boolean>) => ({ ...held(state), run: (event?: KeyboardEvent) => onPage(event) && (state.value = true) })

  const alone = tapOrHold(bare, toControls)

  const commands: readonly Command[] = [
    ...sectionCommands(viewer, tools, actions, layers),
    { id: 'hold.hide', title: 'Hide outlines and predictions', keys: ['h'], group: 'While held', ...held(overlaysHidden) },
    {
      id: 'hold.bare', title: 'The section alone (a tap: to the controls)', keys: ['Tab'], group: 'While held',
      run: (event) => onPage(event) && (alone.press(), true), release: alone.release,
    },
    {
      id: 'hold.neighbour', title: 'The neighbour alone, where one is shown', keys: ['s'], group: 'While held',
      run: () => void (layers.neighbour.alone = true), release: () => void (layers.neighbour.alone = false),
    },
    { id: 'hold.pan', title: 'Move around with any tool', keys: [' '], group: 'While held', ...onPageOnly(tools.panning) },
    { id: 'palette', title: 'Find a command or a section by its number', keys: ['Mod+k'], group: 'Look', run: held(palette).run },
    { id: 'keys', title: 'Keys, and changing them', keys: ['?'], group: 'Look', run: () => void (help.value = !help.value) },
  ]
  declareKeys(commands)

  const byKey = computed(() => {
    const table = new Map(inForce(commands, keyChanges()).flatMap((command) => command.keys.map((key) => [key, command] as const)))
    const remove = table.get('Delete')
    return remove && !table.has('Backspace') ? table.set('Backspace', remove) : table
  })

  /** First the layer under correction, then the tool in hand, then the table. */
  function press(event: KeyboardEvent): boolean {
    const name = keyName(event)
    if (layers.mode.value?.key(name)) return true
    if (help.value && name === 'Escape') return !(help.value = false)
    if (tools.key(name)) return true
    const command = byKey.value.get(name)
    return !!command && command.run(event) !== false
  }

  function release(event: KeyboardEvent): void {
    // A letter's Shift may have been let go first.
    const names = [keyName(event), event.key.toLowerCase(), event.key]
    for (const name of names) byKey.value.get(name)?.release?.()
  }

  useHotkeys(press, release)
  const open = computed(() => inForce(commands, keyChanges()))
  return { overlaysHidden, bare, help, palette, commands: open }
}
