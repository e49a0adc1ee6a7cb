import { expect, test } from 'vitest'

import type { MappingJob, ProjectJob } from '@/api/types'

import { activeJobs, canLookInside, firstSection, foremost, jobTitle, jobWords, modelFor, share } from './jobs'

const job = (key: string, facts: Partial<ProjectJob['report']>): ProjectJob => ({
  project: 'p', task: 't', area: 'hOc1', sections: [901, 1021], author: 'anna', inspects: null,
  report: {
    key, kind: 'train', title: '', state: 'running', result_state: 'waiting', reason: '', details: '', attempts: 1,
    created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, progress: null, results: [], ...facts,
  },
})
const progress = { at: '2026-01-01T00:00:00Z', phase: 'training', step: 62, of: 100, loss: 0.3, metrics: {}, eta_s: 120 }

test('a running job says phase, percent and remaining time', () => {
  const running = job('a', { progress })
  expect(jobTitle(running)).toBe('training hOc1 901-1021')
  expect(jobTitle({ ...running, sections: [901, 931, 1021] })).toBe('training hOc1 from 3 sections')
  expect(jobWords(running)).toBe('training: 62 %, 2 min left')
  expect(share(running)).toBe(0.62)
})

test('a waiting or failed job says why', () => {
  expect(jobWords(job('a', { state: 'submitted' }))).toBe('waiting for its turn')
  expect(jobWords(job('a', { state: 'failed', reason: 'out of memory' }))).toBe('failed: out of memory')
})

test('the pill speaks of what runs, then of what waits, then of what ended last', () => {
  const done = (key: string, at: string) => job(key, { state: 'succeeded', finished_at: at })
  const ended = [done('a', '2026-01-01T01:00:00Z'), done('b', '2026-01-01T02:00:00Z')]
  expect(foremost(ended)?.report.key).toBe('b')
  const all = [...ended, job('waits', { state: 'submitted' }), job('runs', {})]
  expect(foremost(all)?.report.key).toBe('runs')
  expect(activeJobs(all).map((one) => one.report.key)).toEqual(['runs', 'waits'])
  expect(foremost([])).toBeUndefined()
})

test('the pill speaks of jobs of features and graphs too, by their title', () => {
  const features = { report: { ...job('f', { title: 'Features of 4 areas', kind: 'features' }).report }, parameters: {}, brains: ['B20'], author: 'anna' } as unknown as MappingJob
  const shown = foremost([job('a', { state: 'submitted' }), features])!
  expect(jobTitle(shown)).toBe('Features of 4 areas')
  expect(activeJobs([job('a', { state: 'submitted' }), features])).toHaveLength(2)
})

const inspects = { kind: 'inspect' as const, model_job: 'a', section: 921, centre_um: [0, 0] as [number, number] }
const look = { ...job('look', { kind: 'inspect', state: 'succeeded', finished_at: '2026-01-02T00:00:00Z' }), inspects }

test('a look inside a model says where, can be shown again, and is nothing for the pill', () => {
  expect(jobTitle(look)).toBe('looking inside hOc1 901-1021 at section 0921')
  expect(canLookInside(look)).toBe(true)
  expect(foremost([look, job('a', { state: 'succeeded' })])?.report.key).toBe('a')
})

test('the model behind a prediction is found by its task and sections, else the newest of the area', () => {
  const of = (key: string, kind: 'train' | 'predict', facts: Partial<ProjectJob>) => ({ ...job(key, { kind, state: 'succeeded' }), ...facts })
  const jobs = [
    of('new', 'train', { task: 'b' }), of('other', 'train', { task: 'a', sections: [1021, 1141] }),
    of('old', 'train', { task: 'a' }), of('predicted', 'predict', { task: 'a' }), job('runs', {}),
  ]
  expect(modelFor(jobs, 'hOc1', 'predicted')?.report.key).toBe('old')
  expect(modelFor(jobs, 'hOc1')?.report.key).toBe('new')
  expect(modelFor(jobs, 'hOc2')).toBeUndefined()
  expect(modelFor(jobs, 'hOc1', 'a graph')).toBeUndefined()
  expect(canLookInside(jobs.at(-1)!)).toBe(false)
  expect(canLookInside(jobs.at(-2)!)).toBe(false)
})

test('a model is first looked into between its sections', () => {
  expect(firstSection([901, 941], [901, 911, 921, 931, 941])).toBe(921)
  expect(firstSection([901, 941, 981], [901, 931, 981])).toBe(931)
  expect(firstSection([901, 941], [])).toBeUndefined()
})
