import { onScopeDispose } from 'vue'

import { useTissue } from './store'

/** While strokes are unsaved, closing the page asks first. They are kept in the browser in any case. */
export function useTissueGuard(): void {
  const store = useTissue()
  const ask = (event: BeforeUnloadEvent) => void (store.unsaved && event.preventDefault())
  window.addEventListener('beforeunload', ask)
  onScopeDispose(() => window.removeEventListener('beforeunload', ask))
}
