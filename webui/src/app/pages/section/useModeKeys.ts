import { type Hotkeys, keyName } from '@/shared/useHotkeys'

import type { SectionLayers } from './useSectionLayers'

/** Keys that mean something only while a layer is being corrected; what it does not know goes on to the page. */
const MODE_ONLY = ['1', '2', '3', '[', ']', 'm', 'ArrowUp', 'ArrowDown', ...['Left', 'Right', 'Up', 'Down'].map((way) => `Shift+Arrow${way}`)]

/** The page's keys with those of the layer under correction before them. */
export function withModeKeys(keys: Hotkeys, layers: SectionLayers): Hotkeys {
  const all: Hotkeys = { ...Object.fromEntries(MODE_ONLY.map((key) => [key, () => false])), ...keys }
  return Object.fromEntries(Object.entries(all).map(([key, action]) => [
    key, (event: KeyboardEvent) => layers.mode.value?.key(keyName(event)) || action(event),
  ]))
}
