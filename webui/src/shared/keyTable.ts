/** Keys of commands: what a page declares, what a person changed, and what of it is in force. Pure. */

/** Something that keys can do. Keys are spelt as in `keyName`. */
export interface Keyed {
  id: string
  title: string
  keys: readonly string[]
}

/** What a person changed: a command's id and its keys instead of the declared ones. */
export type KeyChanges = Readonly<Record<string, readonly string[]>>

const OWN_NAMES: Record<string, string> = {
  Mod: 'Ctrl', ArrowLeft: 'Left', ArrowRight: 'Right', ArrowUp: 'Up', ArrowDown: 'Down', Delete: 'Del', ' ': 'Space',
}

/** Keys that drawing and the browser need as they are. */
const KEPT = ['Enter', 'Shift+Enter', 'Escape', 'Backspace', 'Tab', 'Shift+Tab', '[', ']', 'Mod+r', 'Mod+t', 'Mod+w', 'Mod+l', 'F5', 'F11', 'F12']

/** A key as it is written on screen: "Mod+Shift+z" is "Ctrl+Shift+Z". */
export function keyLabel(key: string): string {
  if (key === '+') return key
  return key.split('+').map((part) => OWN_NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join('+')
}

/** The commands with the keys in force. */
export const inForce = <C extends Keyed>(commands: readonly C[], changes: KeyChanges): C[] =>
  commands.map((command) => (changes[command.id] ? { ...command, keys: changes[command.id]! } : command))

/** Why a command cannot have this key, in words; empty when it can. */
export function refusal(commands: readonly Keyed[], changes: KeyChanges, id: string, key: string): string {
  if (KEPT.includes(key)) return `${keyLabel(key)} is kept for drawing or for the browser.`
  const other = inForce(commands, changes).find((command) => command.id !== id && command.keys.includes(key))
  return other ? `${keyLabel(key)} is taken: ${other.title}. Change that one first.` : ''
}

/** The changes as they were stored; what cannot be read counts for nothing. */
export function readChanges(text: string | null): KeyChanges {
  try {
    const found: unknown = JSON.parse(text ?? '{}')
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return {}
    const isKeys = (keys: unknown) => Array.isArray(keys) && keys.every((key) => typeof key === 'string')
    return Object.fromEntries(Object.entries(found).filter(([, keys]) => isKeys(keys))) as KeyChanges
  } catch {
    return {}
  }
}
