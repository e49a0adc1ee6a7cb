import { onScopeDispose } from 'vue'

/** Keys as written on the keyboard: "a", "Shift+?", "Mod+z" (Ctrl, or Cmd on a Mac). Return false to let the key pass. */
export type Hotkeys = Record<string, (event: KeyboardEvent) => boolean | void | Promise<void>>

const TYPING = 'input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]'

/** The name of a pressed key in the spelling of `Hotkeys`. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const modifier = event.ctrlKey || event.metaKey ? 'Mod+' : ''
  const shift = event.shiftKey && (modifier || key.length > 1) ? 'Shift+' : ''
  return modifier + shift + key
}

/** Listens while the caller's scope lives; keys typed into a field are left alone. */
export function useHotkeys(pressed: Hotkeys, released: Hotkeys = {}): void {
  const listen = (hotkeys: Hotkeys) => (event: KeyboardEvent) => {
    const target = event.target as HTMLElement | null
    if (target?.closest?.(TYPING) || event.altKey) return
    if (target?.closest?.('input') && event.key.startsWith('Arrow')) return // the slider's own keys
    const action = hotkeys[keyName(event)]
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
