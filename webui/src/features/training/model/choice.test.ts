import { expect, test } from 'vitest'

import type { PairProposal, PresetOffer, SegmentationSettings, TrainingOffer } from '@/api/types'

import { obstacle, ownSettings, proposedPairs, proposedPreset } from './choice'

const pair = (from: number, to: number, between: number[], problems: string[] = []): PairProposal => ({
  sections: [from, to], distance_mm: (to - from) / 50, sections_between: between, problems,
})
const settings = { iterations: 150, halve_learning_rate_at: [75, 100, 125], batch_size: 4 } as SegmentationSettings
const preset = (name: string): PresetOffer => ({
  preset: { name, title: name, description: '', settings }, estimate_s: 60, global_estimate_s: 90, estimate_basis: 'measured',
})
const offer = (facts: Partial<TrainingOffer>): TrainingOffer => ({
  area: 'hOc1', annotated_sections: [], pairs: [], presets: [preset('tiny'), preset('demo')], missing: '', global_problems: [],
  global_warning: '', ...facts,
})

test('ready pairs with sections in between are proposed', () => {
  const pairs = [pair(901, 961, [911]), pair(961, 971, []), pair(971, 1021, [981], ['crosses itself'])]
  expect(proposedPairs(offer({ pairs }))).toEqual(['901-961'])
  expect(proposedPreset(offer({}))).toBe('demo')
  expect(proposedPreset(offer({ presets: [preset('tiny')] }))).toBe('tiny')
})

test('the wizard says what keeps training from starting', () => {
  const ready = [pair(901, 961, [911])]
  const full = { pairs: ready, preset: preset('demo'), settings: undefined }
  expect(obstacle(offer({ pairs: ready }), full)).toBe('')
  expect(obstacle(offer({ missing: 'Annotate hOc1 on a second section.' }), full)).toMatch(/second section/)
  expect(obstacle(offer({}), { ...full, pairs: [] })).toMatch(/at least one pair/)
  expect(obstacle(offer({}), { ...full, pairs: [pair(1, 2, [], ['crosses itself'])] })).toMatch(/crosses itself/)
  expect(obstacle(undefined, full)).not.toBe('')
})

test('the preset as it is sends no settings of its own; with other iterations the halvings move along', () => {
  expect(ownSettings(settings, { ...settings })).toBeUndefined()
  expect(ownSettings(settings, { ...settings, iterations: 90 })?.halve_learning_rate_at).toEqual([45, 60, 75])
})
