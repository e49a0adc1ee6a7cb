import type { NewTask, PairProposal, PresetOffer, ProjectJob, SegmentationSettings, TrainingOffer, TrainingTask } from '@/api/types'
import { count, duration, sectionNumber } from '@/shared/format'

export type Method = NonNullable<NewTask['method']>

/** What the person has chosen in the wizard. */
export interface Choice {
  method: Method
  pairs: readonly PairProposal[]
  preset: PresetOffer | undefined
  settings: SegmentationSettings | undefined
}

const FAVOURITE_PRESET = 'demo'

export const METHODS: readonly { name: Method; title: string; words: string }[] = [
  { name: 'local', title: 'Local models', words: 'One model for each pair, for the sections between the two. Follows how the tissue changes along the series.' },
  { name: 'global', title: 'One global model', words: 'Learns from all annotated sections of the area and fills the chosen intervals. One training instead of many.' },
]

/** What a method lacks or what to know before choosing it, in words; empty when all is well. */
export const methodNote = (offer: TrainingOffer, method: Method): string =>
  method === 'global' ? (offer.global_problems?.[0] ?? offer.global_warning ?? '') : ''

/** "2 pairs, about 4 min each"; "1 model of 5 sections, about 6 min". */
export function choiceWords(offer: TrainingOffer, { method, pairs, preset }: Choice): string {
  if (!preset) return ''
  if (method === 'local') return `${count(pairs.length, 'pair')}, about ${duration(preset.estimate_s)} each`
  return `1 model of ${count(offer.annotated_sections.length, 'section')}, about ${duration(preset.global_estimate_s)}`
}

/** Models of an area that training can go on from: ended well, of the same network; newest first as the tasks are. */
export function starts(tasks: readonly TrainingTask[], jobs: readonly ProjectJob[], area: string, architecture: string | undefined) {
  const done = new Set(jobs.filter(({ report }) => report.kind === 'train' && report.state === 'succeeded').map(({ report }) => report.key))
  return tasks
    .filter((task) => task.area === area && task.settings.architecture === architecture)
    .flatMap((task) => task.runs.filter((run) => done.has(run.train_job)).map((run) => {
      const [first, last] = [run.sections[0]!, run.sections.at(-1)!].map(sectionNumber)
      const of = run.sections.length > 2 ? `${count(run.sections.length, 'section')}, ${first} - ${last}` : `${first} - ${last}`
      return { job: run.train_job, words: `${of}, ${task.preset}, by ${task.author}`, created_at: task.created_at }
    }))
}

export const pairName = (pair: PairProposal): string => pair.sections.join('-')

/** Proposed at first: every pair that is ready and has sections to fill. */
export const proposedPairs = (offer: TrainingOffer): string[] =>
  offer.pairs.filter((pair) => !pair.problems.length && pair.sections_between.length > 0).map(pairName)

export const proposedPreset = (offer: TrainingOffer): string =>
  (offer.presets.find((one) => one.preset.name === FAVOURITE_PRESET) ?? offer.presets[0])?.preset.name ?? ''

/** Why training cannot start, in words; empty when it can. */
export function obstacle(offer: TrainingOffer | undefined, { method, pairs, preset }: Choice): string {
  if (!offer) return 'The offer of this area is still on its way.'
  if (offer.missing) return offer.missing
  if (!pairs.length) return 'Choose at least one pair of sections.'
  const broken = pairs.find((pair) => pair.problems.length)
  if (broken) return `The pair ${pairName(broken)} has a problem: ${broken.problems[0]}`
  if (method === 'global' && offer.global_problems?.length) return offer.global_problems[0]!
  return preset ? '' : 'Choose a preset.'
}

/** The expert values that are worth a field, with their unit. */
export const EXPERT_FIELDS = [
  { name: 'iterations', title: 'Iterations', unit: '', step: 1, min: 1 },
  { name: 'batch_size', title: 'Batch size', unit: 'patches', step: 1, min: 1 },
  { name: 'learning_rate', title: 'Learning rate', unit: '', step: 0.001, min: 0 },
  { name: 'high_pixel_size_um', title: 'Fine pixel size', unit: 'µm', step: 0.5, min: 0.5 },
  { name: 'low_pixel_size_um', title: 'Coarse pixel size', unit: 'µm', step: 1, min: 1 },
  { name: 'roi_radius_mm', title: 'Radius around the area', unit: 'mm', step: 0.5, min: 0.5 },
  { name: 'seed', title: 'Seed', unit: '', step: 1, min: 0 },
] as const satisfies readonly { name: keyof SegmentationSettings; title: string; unit: string; step: number; min: number }[]

/** The settings to send: undefined when they are the preset's. With other iterations the halvings of the learning rate move along. */
export function ownSettings(preset: SegmentationSettings, edited: SegmentationSettings): SegmentationSettings | undefined {
  if (JSON.stringify(preset) === JSON.stringify(edited)) return undefined
  const stretch = edited.iterations / preset.iterations
  const halvings = preset.halve_learning_rate_at.map((step) => Math.max(1, Math.round(step * stretch)))
  return { ...edited, halve_learning_rate_at: [...new Set(halvings)] }
}
