import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { cancelMapping, createMapping, listMapping } from '@/api/calls'
import type { MappingJob, MappingPreset } from '@/api/types'
import { randomKey } from '@/shared/randomKey'

import { isActive, type Offer } from './model/steps'

const POLL_INTERVAL_MS = 2000
const IDLE_INTERVAL_MS = 15_000

/** The jobs of features and graphs of a project: listed, started, stopped. */
export function useMapping(project: () => string) {
  const jobs = shallowRef<readonly MappingJob[]>([])
  const presets = shallowRef<readonly MappingPreset[]>([])
  const loaded = ref(false)
  const error = shallowRef<unknown>() // of the list
  const failure = shallowRef<unknown>() // of the last wish
  const busy = ref(false)
  const active = computed(() => jobs.value.some(isActive))
  let timer: ReturnType<typeof setTimeout> | undefined
  let newest = 0
  let unanswered: { body: string; key: string } | undefined

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

  /** Sends one wish and shows what came of it; an error stays until the next wish. */
  async function ask(wish: () => Promise<MappingJob>): Promise<boolean> {
    busy.value = true
    try {
      const job = await wish()
      jobs.value = [job, ...jobs.value.filter((one) => one.report.key !== job.report.key)]
      failure.value = undefined
    } catch (thrown) {
      failure.value = thrown
    } finally {
      busy.value = false
    }
    await refresh()
    return !failure.value
  }

  /** The same wish after a lost answer keeps its key, so that it never makes a second job. */
  async function start({ parameters, more, refused }: Offer): Promise<void> {
    if (refused || busy.value || !parameters) return
    const body = JSON.stringify([project(), parameters, more])
    if (unanswered?.body !== body) unanswered = { body, key: randomKey() }
    const { key } = unanswered
    if (await ask(() => createMapping(project(), { key, parameters, more_projects: more }))) unanswered = undefined
  }

  const stop = (key: string) => ask(() => cancelMapping(project(), key))

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
  return { jobs, presets, loaded, error, failure, busy, refresh, start, stop }
}
