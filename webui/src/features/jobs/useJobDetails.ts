import { onScopeDispose, ref, shallowRef, watch } from 'vue'

import { readJobLog, readJobProgress } from '@/api/calls'
import type { JobReport, Progress } from '@/api/types'
import { reportEnded } from '@/shared/report'

const POLL_INTERVAL_MS = 1500

/** Progress lines and log tail of the job that is shown, fetched on while it runs. */
export function useJobDetails(job: () => { project: string; report: JobReport }, readLog = readJobLog) {
  const lines = shallowRef<readonly Progress[]>([])
  const log = ref('')
  const truncated = ref(false)
  const error = shallowRef<unknown>()
  let offset = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  async function round(): Promise<void> {
    const { project, report } = job()
    const ended = reportEnded(job().report)
    try {
      const [progress, tail] = await Promise.all([readJobProgress(project, report.key, offset), readLog(project, report.key)])
      if (stopped || report.key !== job().report.key) return
      if (progress.lines.length) lines.value = [...lines.value, ...progress.lines]
      offset = progress.next_offset
      log.value = tail.text
      truncated.value = tail.truncated
      error.value = undefined
    } catch (thrown) {
      error.value = thrown
    }
    if (!stopped && (!ended || error.value)) timer = setTimeout(() => void round(), POLL_INTERVAL_MS)
  }

  function restart(): void {
    clearTimeout(timer)
    lines.value = []
    log.value = ''
    offset = 0
    void round()
  }

  watch(() => job().report.key, restart, { immediate: true })
  // The last lines are written when the job ends.
  watch(() => job().report.state, () => reportEnded(job().report) && void round())
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
  })
  return { lines, log, truncated, error }
}
