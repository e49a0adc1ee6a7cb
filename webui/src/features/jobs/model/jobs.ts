import type { MappingJob, ProjectJob, TrainingTask } from '@/api/types'
import { sectionNumber } from '@/shared/format'
import { reportEnded, reportShare, reportWords } from '@/shared/report'

/** A job of a training task, or one of features and graphs, which has a page of its own. */
export type AnyJob = ProjectJob | MappingJob

export const isMapping = (job: AnyJob): job is MappingJob => 'parameters' in job

export const hasEnded = (job: AnyJob): boolean => reportEnded(job.report)

/** Where a running job is, between 0 and 1. */
export const share = (job: AnyJob): number => reportShare(job.report)

const VERBS: Record<string, string> = { train: 'training', predict: 'predicting', inspect: 'looking inside' }

const MOST_NAMED = 2 // sections of a local model; a global one has more

/** What a job does: "training hOc1 901-1021", "training hOc1 from 7 sections", "Features of 4 areas", "looking inside hOc1 901-1021 at section 0921". */
export function jobTitle(job: AnyJob): string {
  if (isMapping(job)) return job.report.title
  const { report, area, sections, inspects } = job
  const model = `${area} ${sections.length > MOST_NAMED ? `from ${sections.length} sections` : sections.join('-')}`
  return `${VERBS[report.kind] ?? report.kind} ${model}${inspects ? ` at section ${sectionNumber(inspects.section)}` : ''}`
}

const trains = (job: ProjectJob): boolean => job.report.kind === 'train' && job.report.state === 'succeeded'

/** Whether a job's model can be looked into, or the job is itself such a look. */
export const canLookInside = (job: ProjectJob): boolean => trains(job) || !!job.inspects

/** The training job behind a prediction job, where one is named (a graph's has none); else the newest that left a model of the area. Jobs come newest first. */
export function modelFor(jobs: readonly ProjectJob[], area: string, predictJob?: string): ProjectJob | undefined {
  const predicted = jobs.find((job) => job.report.key === predictJob)
  const same = (job: ProjectJob) => job.task === predicted?.task && job.sections.join() === predicted.sections.join()
  return jobs.find((job) => trains(job) && (predictJob ? same(job) : job.area === area))
}

/** Where to look first with a model: the section nearest to the middle between its first two. */
export function firstSection([first, second]: readonly number[], numbers: readonly number[]): number | undefined {
  const middle = (first! + second!) / 2
  return [...numbers].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0]
}

/** How a job stands, in words: "reading sections: 62 %, 2 min left", "waiting for its turn". */
export const jobWords = (job: AnyJob): string => reportWords(job.report)

/** The jobs that are on their way: what runs first, then what waits, older first. */
export function activeJobs(jobs: readonly AnyJob[]): AnyJob[] {
  const rank = (job: AnyJob) => (job.report.state === 'running' ? 0 : 1)
  return jobs
    .filter((job) => !hasEnded(job))
    .sort((a, b) => rank(a) - rank(b) || Date.parse(a.report.created_at) - Date.parse(b.report.created_at))
}

/** The job that the pill speaks of: the one on its way, else the one that ended last. A look inside speaks for itself. */
export function foremost(all: readonly AnyJob[]): AnyJob | undefined {
  const jobs = all.filter((job) => isMapping(job) || !job.inspects)
  const ended_ms = (job: AnyJob) => Date.parse(job.report.finished_at ?? job.report.created_at)
  return activeJobs(jobs)[0] ?? [...jobs].sort((a, b) => ended_ms(b) - ended_ms(a))[0]
}

/** The jobs of a task in the order of its pairs, training before prediction. */
export function jobsOfTask(task: TrainingTask, jobs: readonly ProjectJob[]): ProjectJob[] {
  const byKey = new Map(jobs.map((job) => [job.report.key, job]))
  return task.runs.flatMap((run) => [run.train_job, run.predict_job].flatMap((key) => byKey.get(key) ?? []))
}
