import type { BrainJob } from '@/api/types'
import { count } from '@/shared/format'
import { reportEnded, reportWords } from '@/shared/report'

import type { Entry } from './sections'

export type Kind = 'tissue' | 'align'

const DOING: Record<string, string> = { tissue: 'Finding tissue on', align: 'Aligning' }

/** "Finding tissue on 13 sections", "Aligning 12 sections". */
export function jobTitle(job: BrainJob): string {
  const doing = DOING[job.report.kind]
  return doing ? `${doing} ${count(job.sections.length, 'section')}` : job.report.title
}

/** How a job stands, and whether its results are there. */
export const jobWords = (job: BrainJob): string =>
  awaitsResults(job) ? `${reportWords(job.report)}, results are being brought in` : reportWords(job.report)

/** True while an ended job's results are not in the brain yet; a stopped job leaves what it found so far. */
export const awaitsResults = ({ report }: BrainJob): boolean => reportEnded(report) && report.result_state === 'waiting'

/** Jobs that are on their way, older first. */
export function activeJobs(jobs: readonly BrainJob[]): BrainJob[] {
  const active = jobs.filter((job) => !reportEnded(job.report) || awaitsResults(job))
  return active.sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at))
}

/** What the panel shows: all that is on its way, else the job that ended last; a closed one no more. */
export function foremostJobs(jobs: readonly BrainJob[], closed: ReadonlySet<string>): BrainJob[] {
  const active = activeJobs(jobs)
  if (active.length) return active
  const ended_ms = (job: BrainJob) => Date.parse(job.report.finished_at ?? job.created_at)
  const last = [...jobs].sort((a, b) => ended_ms(b) - ended_ms(a))[0]
  return last && !closed.has(last.report.key) ? [last] : []
}

/** Changes whenever a job has ended or its results have arrived: what the page shows of the sections is stale then. */
export function settledMark(jobs: readonly BrainJob[]): string {
  return jobs
    .filter((job) => reportEnded(job.report))
    .map(({ report }) => `${report.key}:${report.state}:${report.result_state}`)
    .join(' ')
}

export interface Offer {
  words: string // on the button
  sections: number[] // to ask for; empty: all where it is missing
  refused: string // why the button cannot be pressed; empty when it can
}

const VERB = { tissue: 'Find tissue', align: 'Align sections' } as const
const NOTHING_LEFT = {
  tissue: 'The tissue of every section is there. Choose sections to find it again.',
  align: 'Every section is aligned to the next one. Choose sections to align them again.',
} as const

const NOT_ALLOWED = 'Annotators and managers of a project on this brain may compute.'

/** What a button would do now: on the chosen sections, else where it is missing. */
export function offer(kind: Kind, all: readonly Entry[], chosen: ReadonlySet<number>, jobs: readonly BrainJob[], may = true): Offer {
  const able = all.filter(({ pair }) => kind === 'tissue' || pair !== 'last')
  const lacks = able.filter(({ facts, pair }) => (kind === 'tissue' ? facts.tissue : pair) === 'missing')
  const sections = able.map(({ facts }) => facts.number).filter((number) => chosen.has(number))
  const many = chosen.size ? sections.length : lacks.length
  const reasons = [
    { is: !may, words: NOT_ALLOWED },
    { is: activeJobs(jobs).some((job) => job.report.kind === kind), words: 'Such a job is running already; stop it or wait for it.' },
    { is: chosen.size > 0 && !sections.length, words: 'The last section has no next one to be aligned to.' },
    { is: !many, words: NOTHING_LEFT[kind] },
  ]
  const refused = reasons.find(({ is }) => is)?.words ?? ''
  return { words: many ? `${VERB[kind]} (${many})` : VERB[kind], sections, refused }
}
