import { onScopeDispose, watch } from 'vue'

import { leavePresence, tellPresence } from '@/api/calls'
import { randomKey } from '@/shared/randomKey'

import { useLive } from './store'

const TELL_EVERY_MS = 15_000
const REST_MS = 400 // whoever steps through the series is nowhere for long

/** Tells the others that this page is open, and on which section. Nothing depends on it: what fails is told again later. */
export function usePresence(project: () => string, section: () => number | undefined): void {
  const live = useLive()
  const page = randomKey()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function tell(): Promise<void> {
    const of = project()
    timer = setTimeout(tell, TELL_EVERY_MS)
    const found = await tellPresence(of, page, section() ?? null).catch(() => undefined)
    if (found && of === project() && live.state !== 'live') live.people = found.people // no stream brings it
  }

  function again(wait_ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(tell, wait_ms)
  }

  const leave = (of: string) => void leavePresence(of, page).catch(() => undefined)
  const go = () => leave(project())
  const back = (event: PageTransitionEvent) => event.persisted && again(0)

  watch(project, (_, before) => before && leave(before))
  watch([project, section], () => again(REST_MS), { immediate: true })
  window.addEventListener('pagehide', go)
  window.addEventListener('pageshow', back)
  onScopeDispose(() => {
    clearTimeout(timer)
    go()
    window.removeEventListener('pagehide', go)
    window.removeEventListener('pageshow', back)
  })
}
