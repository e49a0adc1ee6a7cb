import { onScopeDispose, type Ref } from 'vue'

const HOLD_MS = 200

/** A key that is held for something, as `state` says, and by a tap does something else. */
export function tapOrHold(state: Ref<boolean>, tapped: () => void) {
  let waiting: ReturnType<typeof setTimeout> | undefined
  const stop = () => {
    clearTimeout(waiting)
    waiting = undefined
  }
  onScopeDispose(stop)
  return {
    press(): void {
      if (!state.value) waiting ??= setTimeout(() => (state.value = true), HOLD_MS)
    },
    release(): void {
      if (waiting !== undefined && !state.value) tapped()
      stop()
      state.value = false
    },
  }
}
