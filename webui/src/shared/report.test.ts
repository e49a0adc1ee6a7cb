import { expect, test } from 'vitest'

import type { JobReport } from '@/api/types'

import { reportEnded, reportShare, reportWords } from './report'

const report = (facts: Partial<JobReport>): JobReport => ({
  key: 'a', kind: 'tissue', title: '', state: 'running', result_state: 'waiting', reason: '', details: '', attempts: 1,
  created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, progress: null, results: [], ...facts,
})
const progress = { at: '2026-01-01T00:00:00Z', phase: 'finding tissue', step: 3, of: 12, loss: null, metrics: {}, eta_s: 40 }

test('a running report says phase, percent and remaining time', () => {
  expect(reportWords(report({ progress }))).toBe('finding tissue: 25 %, 40 s left')
  expect(reportWords(report({}))).toBe('starting')
  expect(reportShare(report({ progress }))).toBe(0.25)
})

test('a report that waits, failed or was stopped says why', () => {
  expect(reportWords(report({ state: 'submitted' }))).toBe('waiting for its turn')
  expect(reportWords(report({ state: 'submitted', reason: 'The compute service does not answer.' }))).toContain('does not answer')
  expect(reportWords(report({ state: 'failed', reason: 'out of memory' }))).toBe('failed: out of memory')
  expect(reportWords(report({ state: 'cancelled', progress }))).toBe('cancelled')
})

test('a running report that is being stopped says so', () => {
  expect(reportWords(report({ progress, reason: 'Being stopped.' }))).toBe('Being stopped.')
})

test('a report has ended when nothing can happen any more', () => {
  expect((['created', 'submitted', 'running', 'succeeded', 'failed', 'cancelled'] as const).filter((state) => reportEnded(report({ state }))))
    .toEqual(['succeeded', 'failed', 'cancelled'])
  expect(reportShare(report({ state: 'succeeded' }))).toBe(1)
})
