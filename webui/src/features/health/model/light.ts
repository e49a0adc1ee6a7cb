/** What the light in the header shows: whether a job that is started now would run. */
import type { Health } from '@/api/types'

export type Tone = 'ready' | 'waiting' | 'away'

export interface Light {
  tone: Tone
  title: string
  words: string
}

const READY: Light = { tone: 'ready', title: 'Jobs can run.', words: 'The compute service and its scheduler answer.' }

/** Waiting: the service answers, and jobs stand still all the same. Away: nobody takes jobs now. */
export function lightOf(health: Health): Light {
  if (!health.compute_hop) return READY
  const end = health.compute_reason.indexOf('.') + 1
  return {
    tone: health.compute === 'reachable' ? 'waiting' : 'away',
    title: health.compute_reason.slice(0, end),
    words: health.compute_reason.slice(end).trim(),
  }
}
