import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { cancelJob, listJobs, listMapping } from '@/api/calls'
import type { MappingJob, ProjectJob } from '@/api/types'

import { activeJobs, foremost } from './model/jobs'

const POLL_INTERVAL_MS = 2000 // while something runs; progress makes no change of its own

/** The jobs of the project on screen. */
export const useJobs = defineStore('jobs', () => {
  const project = ref('')
  const jobs = shallowRef<readonly ProjectJob[]>([])
  const mapping = shallowRef<readonly MappingJob[]>([]) // told of by the pill; their own page shows them
  const shown = ref<string>() // key of the job in the drawer
  const dismissed = ref<string>() // key of an ended job whose pill was closed
  const error = shallowRef<unknown>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const active = computed(() => activeJobs([...jobs.value.filter((one) => !one.inspects), ...mapping.value]))
  const front = computed(() => foremost([...jobs.value, ...mapping.value]))
  const job = computed(() => jobs.value.find((one) => one.report.key === shown.value))

  function open(id: string): void {
    if (id !== project.value) {
      jobs.value = []
      mapping.value = []
      shown.value = undefined
    }
    project.value = id
    void refresh()
  }

  function close(): void {
    clearTimeout(timer)
    project.value = ''
    shown.value = undefined
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    const id = project.value
    try {
      const [found, mapped] = await Promise.all([listJobs(id), listMapping(id)])
      if (id !== project.value) return
      jobs.value = found.jobs
      mapping.value = mapped.jobs
    } catch {
      // The page says elsewhere that the server is away; the next round tries again.
    }
    if (id && id === project.value && (active.value.length || !jobs.value.length)) schedule()
  }

  function schedule(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), active.value.length ? POLL_INTERVAL_MS : 5 * POLL_INTERVAL_MS)
  }

  async function stop(key: string): Promise<void> {
    try {
      await cancelJob(project.value, key)
      error.value = undefined
    } catch (thrown) {
      error.value = thrown
    }
    await refresh()
  }

  return { project, jobs, active, front, job, shown, dismissed, error, open, close, refresh, stop }
})
