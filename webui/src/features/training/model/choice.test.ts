import { expect, test } from 'vitest'

import type { PairProposal, PresetOffer, ProjectJob, SegmentationSettings, TrainingOffer, TrainingTask } from '@/api/types'

import { choiceWords, methodNote, obstacle, ownSettings, proposedPairs, proposedPreset, starts } from './choice'

const pair = (from: number, to: number, between: number[], problems: string[] = []): PairProposal => ({
  sections: [from, to], distance_mm: (to - from) / 50, sections_between: between, problems,
})
const settings = { iterations: 150, halve_learning_rate_at: [75, 100, 125], batch_size: 4 } as SegmentationSettings
const preset = (name: string): PresetOffer => ({
  preset: { name, title: name, description: '', settings }, estimate_s: 60, global_estimate_s: 100, estimate_basis: 'measured',
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
  const full = { method: 'local' as const, pairs: ready, preset: preset('demo'), settings: undefined }
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

test('a global model says what it lacks and what it costs; local ones are none the worse for it', () => {
  const pairs = [pair(901, 961, [911])]
  const lacking = offer({ pairs, annotated_sections: [901, 961], global_problems: ['Section 0961 crosses itself.'], global_warning: 'Few sections.' })
  const choice = { pairs, preset: preset('demo'), settings: undefined }
  expect(obstacle(lacking, { ...choice, method: 'global' })).toBe('Section 0961 crosses itself.')
  expect(obstacle(lacking, { ...choice, method: 'local' })).toBe('')
  expect(methodNote(lacking, 'global')).toBe('Section 0961 crosses itself.')
  expect(methodNote(offer({ global_warning: 'Few sections.' }), 'global')).toBe('Few sections.')
  expect(methodNote(lacking, 'local')).toBe('')
  expect(choiceWords(lacking, { ...choice, method: 'global' })).toBe('1 model of 2 sections, about 2 min')
  expect(choiceWords(lacking, { ...choice, method: 'local' })).toBe('1 pair, about 60 s each')
})

test('training goes on from models of the same area and network that ended well', () => {
  const task = (area: string, architecture: string, ...runs: [string, number[]][]) => ({
    area, settings: { architecture }, preset: 'demo', author: 'ada', created_at: '2026-01-01T00:00:00Z',
    runs: runs.map(([train_job, sections]) => ({ train_job, sections })),
  }) as unknown as TrainingTask
  const job = (key: string, state: string) => ({ report: { key, state, kind: 'train' } }) as unknown as ProjectJob
  const tasks = [task('hOc1', 'ms_unet', ['a', [901, 961]], ['b', [961, 1021]]), task('hOc1', 'lr_unet', ['c', [901, 961]]), task('hOc2', 'ms_unet', ['d', [901, 961]])]
  const jobs = [job('a', 'succeeded'), job('b', 'failed'), job('c', 'succeeded'), job('d', 'succeeded')]
  expect(starts(tasks, jobs, 'hOc1', 'ms_unet').map(({ job: key, words }) => [key, words])).toEqual([['a', '0901 - 0961, demo, by ada']])
  expect(starts([task('hOc1', 'ms_unet', ['a', [901, 931, 961]])], jobs, 'hOc1', 'ms_unet')[0]!.words).toMatch(/^3 sections, 0901 - 0961/)
})
