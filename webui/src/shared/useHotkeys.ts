import { onScopeDispose } from 'vue'

/** What a key does; return false to let it pass. */
export type KeyAction = (event: KeyboardEvent) => boolean | void | Promise<void>

/** Keys as written on the keyboard: "a", "Shift+a", "?", "Mod+z" (Ctrl, or Cmd on a Mac). */
export type Hotkeys = Record<string, KeyAction>

const TYPING = 'input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]'

/** The name of a pressed key in the spelling of `Hotkeys`. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const modifier = event.ctrlKey || event.metaKey ? 'Mod+' : ''
  // Of other signs (? + <) Shift is a part already.
  const shift = event.shiftKey && (modifier || key.length > 1 || key.toUpperCase() !== key) ? 'Shift+' : ''
  return modifier + shift + key
}

/** Listens while the caller's scope lives; keys typed into a field are left alone. */
export function useHotkeys(pressed: Hotkeys | KeyAction, released: Hotkeys | KeyAction = {}): void {
  const listen = (hotkeys: Hotkeys | KeyAction) => (event: KeyboardEvent) => {
    const target = event.target as HTMLElement | null
    if (target?.closest?.(TYPING) || event.altKey) return
    if (target?.closest?.('input') && event.key.startsWith('Arrow')) return // the slider's own keys
    const action = typeof hotkeys === 'function' ? hotkeys : hotkeys[keyName(event)]
    if (action && action(event) !== false) event.preventDefault()
  }
  const onDown = listen(pressed)
  const onUp = listen(released)
  window.addEventListener('keydown', onDown)
  window.addEventListener('keyup', onUp)
  onScopeDispose(() => {
    window.removeEventListener('keydown', onDown)
    window.removeEventListener('keyup', onUp)
  })
}
