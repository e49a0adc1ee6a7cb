/** The steps of the page: what can be started now with what was chosen, and why not. */
import type { JobReport, MappingJob, MappingParameters, MappingPreset, ProjectSummary } from '@/api/types'
import { reportEnded } from '@/shared/report'

export type Kind = MappingJob['report']['kind'] & MappingParameters['kind']

const WHOLE = { transfer_areas: null } // a brain held out is so with all its areas

export interface Other {
  project: ProjectSummary
  learn: boolean // false: nothing is learnt from it, it tells how well it transfers
}

export interface Choice {
  areas: readonly string[]
  preset?: MappingPreset
  others: readonly Other[]
  without: readonly string[] // areas that are no cortex
  known: readonly NodeFeature[] // what nodes of the surface know
}

export type NodeFeature = MappingPreset['graph']['features'][number]

/** What nodes can know, and where it comes from. */
export const NODE_FEATURES: readonly { name: NodeFeature; title: string; hint: string }[] = [
  { name: 'cytoarchitecture', title: 'features', hint: 'of the patch around each node, by the newest encoder' },
  { name: 'coordinates', title: 'place', hint: 'in the reference space, or on this surface where the brain is not in one' },
  { name: 'maps', title: 'maps', hint: 'probabilistic maps of the reference space; they must have been projected onto the sections (`brodmann atlas`)' },
]
/** Maps are there only after somebody projected them. */
export const USUALLY_KNOWN: readonly NodeFeature[] = ['cytoarchitecture', 'coordinates']

export interface Offer {
  parameters?: MappingParameters
  more: string[] // further projects
  refused: string // why not; empty when it can be started
}

/** A job's kind among those of this page. */
export const newest = (jobs: readonly MappingJob[], kind: Kind): MappingJob | undefined => jobs.find((job) => job.report.kind === kind)

/** True while an ended job's results are still being brought in. */
export const awaitsResults = (report: JobReport): boolean => report.state === 'succeeded' && report.result_state === 'waiting'

export const isActive = ({ report }: MappingJob): boolean => !reportEnded(report) || awaitsResults(report)

/** The newest job of a kind whose results can be shown. */
export const newestDone = (jobs: readonly MappingJob[], kind: Kind): MappingJob | undefined =>
  jobs.find(({ report }) => report.kind === kind && report.state === 'succeeded' && report.result_state === 'ready')

/** The areas annotated in any of the projects that something is learnt from: the ones that can be chosen. */
export function annotatedAreas(own: ProjectSummary, others: readonly Other[]): string[] {
  const learnt = [own, ...others.filter((other) => other.learn).map((other) => other.project)]
  const annotated = new Set(learnt.flatMap(({ progress }) => progress.filter((one) => one.annotated > 0).map((one) => one.area.name)))
  return own.project.areas.filter((area) => annotated.has(area))
}

const NOT_ALLOWED = 'Annotators and managers of the project may start this.'
const RUNNING = 'Such a job is running already; stop it or wait for it.'
const TWO_AREAS = 'Choose at least two annotated areas.'

const NO_PRESET = 'The presets are being read.'

const refusal = (...reasons: (false | string)[]): string => reasons.find((reason): reason is string => !!reason) ?? ''

const at = (others: readonly Other[]) => ({
  more: others.map(({ project }) => project.project.id),
  transfer: others.filter(({ learn }) => !learn).map(({ project }) => project.project.brain),
})

/** What each step would start. `surfaces` holds the newest surface job of each further project by its id. */
export function offers(choice: Choice, jobs: readonly MappingJob[], surfaces: ReadonlyMap<string, string>, may: boolean): Record<Kind, Offer> {
  const { areas: chosen, preset, others, without, known } = choice
  const areas = [...chosen]
  const { more, transfer } = at(others)
  const features = newestDone(jobs, 'features')?.report.key
  const surface = newestDone(jobs, 'midsurface')?.report.key
  const against = (kind: Kind, ...reasons: (false | string)[]) =>
    refusal(!may && NOT_ALLOWED, !preset && NO_PRESET, jobs.some((job) => job.report.kind === kind && isActive(job)) && RUNNING, ...reasons)
  const few = areas.length < 2 && TWO_AREAS
  const knows = known.filter((one) => features || one !== 'cytoarchitecture')
  const lacking = others.find(({ project }) => !surfaces.has(project.project.id))
  return {
    features: {
      more, refused: against('features', few), parameters: preset && { kind: 'features', areas, transfer, ...WHOLE, unseen: [], settings: preset.encoder },
    },
    classify_patches: {
      more, refused: against('classify_patches', few, !features && 'Learn features first.'),
      parameters: preset && features ? { kind: 'classify_patches', features_job: features, areas, transfer, ...WHOLE, scores_only: false, settings: preset.classifier } : undefined,
    },
    midsurface: { more: [], refused: against('midsurface'), parameters: preset && { ...preset.midsurface, without: [...without] } },
    graph: {
      more,
      refused: against('graph', few, !surface && 'Compute the surface first.',
        !knows.length && 'Choose what nodes know: features want to be learnt first.',
        !!lacking && `Compute the surface of ${lacking.project.brain_title} first, on the same page of project “${lacking.project.project.title}”.`),
      parameters: preset && surface && !lacking && knows.length
        ? {
            kind: 'graph', areas, transfer, features_job: knows.includes('cytoarchitecture') ? features! : null,
            midsurface_jobs: [surface, ...others.map(({ project }) => surfaces.get(project.project.id)!)],
            settings: { ...preset.graph, features: knows },
          }
        : undefined,
    },
  }
}
