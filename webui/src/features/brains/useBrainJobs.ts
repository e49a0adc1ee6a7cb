import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { cancelBrainJob, createBrainJob, listBrainJobs } from '@/api/calls'
import type { BrainJob } from '@/api/types'
import { reportEnded } from '@/shared/report'
import { useWish } from '@/shared/useWish'

import { activeJobs, type Kind, settledMark } from './model/jobs'

const POLL_INTERVAL_MS = 1500 // there is no event stream outside projects
const IDLE_INTERVAL_MS = 15_000 // another person or program may start a job

/** The jobs on a brain: listed, started, stopped. `settled` changes when the sections' states may have changed. */
export function useBrainJobs(brain: () => string) {
  const jobs = shallowRef<readonly BrainJob[]>([])
  const settled = ref<string>() // undefined until the jobs were asked for
  const closed = ref<ReadonlySet<string>>(new Set()) // ended jobs that have said enough
  const error = shallowRef<unknown>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let newest = 0
  let stopped = false
  const { busy, failure, ask, askNew } = useWish(jobs, refresh)

  const active = computed(() => activeJobs(jobs.value))

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    if (stopped) return
    const mine = ++newest
    try {
      const found = await listBrainJobs(brain())
      if (mine !== newest || stopped) return
      jobs.value = found.jobs
      if (settled.value === undefined) closed.value = new Set(found.jobs.filter((job) => reportEnded(job.report)).map((job) => job.report.key))
      settled.value = settledMark(found.jobs)
      error.value = undefined
    } catch (thrown) {
      if (mine !== newest || stopped) return
      error.value = thrown
      settled.value ??= ''
    }
    timer = setTimeout(() => void refresh(), active.value.length ? POLL_INTERVAL_MS : IDLE_INTERVAL_MS)
  }

  const start = (kind: Kind, sections: number[]) =>
    askNew([brain(), kind, sections], (key) => createBrainJob(brain(), { key, kind, sections }))

  const close = (key: string) => (closed.value = new Set([...closed.value, key]))
  const stop = (key: string) => ask(() => cancelBrainJob(brain(), key))

  watch(brain, () => {
    jobs.value = []
    settled.value = failure.value = undefined
    void refresh()
  }, { immediate: true })
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
  })
  return { jobs, active, closed, settled, error, failure, busy, start, stop, close, refresh }
}
