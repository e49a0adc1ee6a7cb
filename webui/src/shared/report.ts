/** How a job stands, in words and as a share: the same for jobs of a project and jobs on a brain. */
import type { JobReport, JobState } from '@/api/types'

import { duration, percent } from './format'

const ENDED: ReadonlySet<JobState> = new Set<JobState>(['succeeded', 'failed', 'cancelled'])

export const reportEnded = (report: JobReport): boolean => ENDED.has(report.state)

/** Where a running job is, between 0 and 1. */
export function reportShare(report: JobReport): number {
  if (report.state === 'succeeded') return 1
  return report.progress ? Math.min(1, report.progress.step / report.progress.of) : 0
}

/** "reading sections: 62 %, 2 min left", "waiting for its turn", "failed: out of memory". */
export function reportWords(report: JobReport): string {
  const { state, reason, progress } = report
  if (state === 'created' || state === 'submitted') return reason || 'waiting for its turn'
  if (state === 'succeeded') return 'done'
  if (state !== 'running') return reason ? `${state}: ${reason}` : state
  if (reason) return reason // it is being stopped
  if (!progress) return 'starting'
  const left = progress.eta_s != null ? `, ${duration(progress.eta_s)} left` : ''
  return `${progress.phase}: ${percent(reportShare(report))}${left}`
}
