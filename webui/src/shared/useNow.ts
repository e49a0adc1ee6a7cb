import { onScopeDispose, ref, type Ref } from 'vue'

const STEP_MS = 20_000

/** The current time in ms, moving on by itself, for relative times. */
export function useNow(): Ref<number> {
  const now_ms = ref(Date.now())
  const timer = setInterval(() => (now_ms.value = Date.now()), STEP_MS)
  onScopeDispose(() => clearInterval(timer))
  return now_ms
}
