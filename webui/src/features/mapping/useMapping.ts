import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { cancelMapping, createMapping, listMapping } from '@/api/calls'
import type { MappingJob, MappingPreset } from '@/api/types'
import { useWish } from '@/shared/useWish'

import { isActive, type Kind, type Offer } from './model/steps'

const POLL_INTERVAL_MS = 2000
const IDLE_INTERVAL_MS = 15_000

/** The jobs of features and graphs of a project: listed, started, stopped. */
export function useMapping(project: () => string) {
  const jobs = shallowRef<readonly MappingJob[]>([])
  const presets = shallowRef<readonly MappingPreset[]>([])
  const loaded = ref(false)
  const error = shallowRef<unknown>() // of the list
  const active = computed(() => jobs.value.some(isActive))
  const asked = ref<Kind>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let newest = 0
  const { busy, failure, ask, askNew } = useWish(jobs, refresh)

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    const mine = ++newest
    try {
      const found = await listMapping(project())
      if (mine !== newest) return
      jobs.value = found.jobs
      presets.value = found.presets
      loaded.value = true
      error.value = undefined
    } catch (thrown) {
      if (mine !== newest) return
      error.value = thrown
    }
    timer = setTimeout(() => void refresh(), active.value ? POLL_INTERVAL_MS : IDLE_INTERVAL_MS)
  }

  /** Why the last wish came to nothing, beside the button that was pressed. */
  const failureOf = (kind: Kind): unknown => (asked.value === kind ? failure.value : undefined)

  async function start({ parameters, more, refused }: Offer): Promise<void> {
    if (refused || busy.value || !parameters) return
    asked.value = parameters.kind
    await askNew([project(), parameters, more], (key) => createMapping(project(), { key, parameters, more_projects: more }))
  }

  function stop(key: string): Promise<boolean> {
    asked.value = jobs.value.find((job) => job.report.key === key)?.parameters.kind
    return ask(() => cancelMapping(project(), key))
  }

  watch(project, () => {
    jobs.value = []
    loaded.value = false
    failure.value = undefined
    void refresh()
  }, { immediate: true })
  onScopeDispose(() => {
    newest++
    clearTimeout(timer)
  })
  return { jobs, presets, loaded, error, failureOf, busy, refresh, start, stop }
}
