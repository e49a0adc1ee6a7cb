import { expect, test } from 'vitest'

import type { ProjectJob } from '@/api/types'

import { activeJobs, foremost, jobTitle, jobWords, share } from './jobs'

const job = (key: string, facts: Partial<ProjectJob['report']>): ProjectJob => ({
  project: 'p', task: 't', area: 'hOc1', sections: [901, 1021], author: 'anna',
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
