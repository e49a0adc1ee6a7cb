import type { PairProposal, PresetOffer, SegmentationSettings, TrainingOffer } from '@/api/types'

/** What the person has chosen in the wizard. */
export interface Choice {
  pairs: readonly PairProposal[]
  preset: PresetOffer | undefined
  settings: SegmentationSettings | undefined
}

const FAVOURITE_PRESET = 'demo'

export const pairName = (pair: PairProposal): string => pair.sections.join('-')

/** Proposed at first: every pair that is ready and has sections to fill. */
export const proposedPairs = (offer: TrainingOffer): string[] =>
  offer.pairs.filter((pair) => !pair.problems.length && pair.sections_between.length > 0).map(pairName)

export const proposedPreset = (offer: TrainingOffer): string =>
  (offer.presets.find((one) => one.preset.name === FAVOURITE_PRESET) ?? offer.presets[0])?.preset.name ?? ''

/** Why training cannot start, in words; empty when it can. */
export function obstacle(offer: TrainingOffer | undefined, { pairs, preset }: Choice): string {
  if (!offer) return 'The offer of this area is still on its way.'
  if (offer.missing) return offer.missing
  if (!pairs.length) return 'Choose at least one pair of sections.'
  const broken = pairs.find((pair) => pair.problems.length)
  if (broken) return `The pair ${pairName(broken)} has a problem: ${broken.problems[0]}`
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
