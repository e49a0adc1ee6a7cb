import { onScopeDispose, shallowRef } from 'vue'

import { inForce, type Keyed, type KeyChanges, keyLabel, readChanges } from './keyTable'

const SHELF = 'brodmann.keys'

const declared = shallowRef<readonly Keyed[]>([])
const changes = shallowRef<KeyChanges>()

/** The person's own keys, kept in this browser. */
export function keyChanges(): KeyChanges {
  return (changes.value ??= readChanges(localStorage.getItem(SHELF)))
}

export function setKeyChanges(next: KeyChanges): void {
  changes.value = next
  localStorage.setItem(SHELF, JSON.stringify(next))
}

/** The page's commands, whose keys components show by `keyOf` while the page is there. */
export function declareKeys(commands: readonly Keyed[]): void {
  declared.value = commands
  onScopeDispose(() => (declared.value = []))
}

/** The key of a command as it is written on screen; empty when it has none. */
export function keyOf(id: string): string {
  const command = declared.value.find((one) => one.id === id)
  const key = command && inForce([command], keyChanges())[0]!.keys[0]
  return key ? keyLabel(key) : ''
}

/** A tooltip with the key of its command: "Brush (B)". */
export const withKey = (words: string, id: string): string => (keyOf(id) ? `${words} (${keyOf(id)})` : words)
