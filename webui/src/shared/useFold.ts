import { onScopeDispose, ref, type Ref } from 'vue'

/** Something that unfolds from a button: a press elsewhere folds it, and so does Escape in it, which gives the button the focus. */
export function useFold(holder: Readonly<Ref<HTMLElement | null>>, button: Readonly<Ref<HTMLElement | null>>) {
  const open = ref(false)
  function pressed(event: Event): void {
    if (!holder.value?.contains(event.target as Node)) open.value = false
  }
  function escape(event: Event): void {
    if (!open.value) return
    event.stopPropagation()
    open.value = false
    button.value?.focus()
  }
  window.addEventListener('pointerdown', pressed, true)
  onScopeDispose(() => window.removeEventListener('pointerdown', pressed, true))
  return { open, escape }
}
