import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { cancelBrainJob, createBrainJob, listBrainJobs } from '@/api/calls'
import type { BrainJob } from '@/api/types'
import { randomKey } from '@/shared/randomKey'
import { reportEnded } from '@/shared/report'

import { activeJobs, type Kind, settledMark } from './model/jobs'

const POLL_INTERVAL_MS = 1500 // there is no event stream outside projects
const IDLE_INTERVAL_MS = 15_000 // another person or program may start a job

/** The jobs on a brain: listed, started, stopped. `settled` changes when the sections' states may have changed. */
export function useBrainJobs(brain: () => string) {
  const jobs = shallowRef<readonly BrainJob[]>([])
  const settled = ref<string>() // undefined until the jobs were asked for
  const closed = ref<ReadonlySet<string>>(new Set()) // ended jobs that have said enough
  const error = shallowRef<unknown>()
  const busy = ref(false)
  const failure = shallowRef<unknown>() // of the last wish
  let timer: ReturnType<typeof setTimeout> | undefined
  let newest = 0
  let stopped = false
  let unanswered: { body: string; key: string } | undefined

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

  /** Sends one wish and shows what came of it; an error stays until the next wish. */
  async function ask(wish: () => Promise<BrainJob>): Promise<boolean> {
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
  async function start(kind: Kind, sections: number[]): Promise<boolean> {
    const body = JSON.stringify([brain(), kind, sections])
    if (unanswered?.body !== body) unanswered = { body, key: randomKey() }
    const { key } = unanswered
    const done = await ask(() => createBrainJob(brain(), { key, kind, sections }))
    if (done) unanswered = undefined
    return done
  }

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
