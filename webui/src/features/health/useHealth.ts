import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

import { readHealth } from '@/api/calls'
import type { Health } from '@/api/types'

const EVERY_MS = 15_000

/** The health of the way to the GPU, asked anew every 15 s while somebody looks; undefined while the server does not answer. */
export function useHealth(): { health: ShallowRef<Health | undefined>; ask: () => Promise<void> } {
  const health = shallowRef<Health>()

  async function ask(): Promise<void> {
    health.value = await readHealth().catch(() => undefined)
  }

  const look = () => {
    if (!document.hidden) void ask()
  }
  const timer = setInterval(look, EVERY_MS)
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', look)
  })
  look()
  return { health, ask }
}
