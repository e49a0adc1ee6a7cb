import type { ProjectJob, TrainingTask } from '@/api/types'
import { reportEnded, reportShare, reportWords } from '@/shared/report'

export const hasEnded = (job: ProjectJob): boolean => reportEnded(job.report)

/** Where a running job is, between 0 and 1. */
export const share = (job: ProjectJob): number => reportShare(job.report)

const VERBS = { train: 'training', predict: 'predicting', tissue: 'finding the tissue of', align: 'aligning' } as const

const MOST_NAMED = 2 // sections of a local model; a global one has more

/** What a job does: "training hOc1 901-1021", "training hOc1 from 7 sections". */
export const jobTitle = ({ report, area, sections }: ProjectJob): string =>
  `${VERBS[report.kind]} ${area} ${sections.length > MOST_NAMED ? `from ${sections.length} sections` : sections.join('-')}`

/** How a job stands, in words: "reading sections: 62 %, 2 min left", "waiting for its turn". */
export const jobWords = (job: ProjectJob): string => reportWords(job.report)

/** The jobs that are on their way: what runs first, then what waits, older first. */
export function activeJobs(jobs: readonly ProjectJob[]): ProjectJob[] {
  const rank = (job: ProjectJob) => (job.report.state === 'running' ? 0 : 1)
  return jobs
    .filter((job) => !hasEnded(job))
    .sort((a, b) => rank(a) - rank(b) || Date.parse(a.report.created_at) - Date.parse(b.report.created_at))
}

/** The job that the pill speaks of: the one on its way, else the one that ended last. */
export function foremost(jobs: readonly ProjectJob[]): ProjectJob | undefined {
  const ended_ms = (job: ProjectJob) => Date.parse(job.report.finished_at ?? job.report.created_at)
  return activeJobs(jobs)[0] ?? [...jobs].sort((a, b) => ended_ms(b) - ended_ms(a))[0]
}

/** The jobs of a task in the order of its pairs, training before prediction. */
export function jobsOfTask(task: TrainingTask, jobs: readonly ProjectJob[]): ProjectJob[] {
  const byKey = new Map(jobs.map((job) => [job.report.key, job]))
  return task.runs.flatMap((run) => [run.train_job, run.predict_job].flatMap((key) => byKey.get(key) ?? []))
}
