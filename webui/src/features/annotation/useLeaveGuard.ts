import { onScopeDispose } from 'vue'

import { useAutosave } from './autosave'

/** While something is unsaved, closing the page asks first (and sends what it can). */
export function useLeaveGuard(): void {
  const autosave = useAutosave()
  const ask = (event: BeforeUnloadEvent) => {
    if (!autosave.unsaved) return
    void autosave.flush()
    event.preventDefault()
  }
  window.addEventListener('beforeunload', ask)
  onScopeDispose(() => window.removeEventListener('beforeunload', ask))
}
