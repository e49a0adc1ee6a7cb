import { expect, test } from 'vitest'

import type { Health } from '@/api/types'

import { lightOf } from './light'

const health = (change: Partial<Health>): Health => ({
  status: 'degraded', version: '1', compute: 'reachable', compute_hop: null, compute_reason: '', store: 'sqlite', ...change,
})

test('where every hop holds jobs can run', () => {
  expect(lightOf(health({ status: 'ok' }))).toMatchObject({ tone: 'ready', title: 'Jobs can run.' })
})

test('the first sentence of the reason is the title, and the rest says what to do', () => {
  const reason = 'The cluster does not let us log in. Jobs wait, and nothing is lost.'
  expect(lightOf(health({ compute: 'unreachable', compute_hop: 'login', compute_reason: reason }))).toEqual({
    tone: 'away', title: 'The cluster does not let us log in.', words: 'Jobs wait, and nothing is lost.',
  })
})

test('a service that answers while jobs stand still is told apart from one that is away', () => {
  expect(lightOf(health({ compute_hop: 'scheduler', compute_reason: 'It sleeps.' }))).toEqual({ tone: 'waiting', title: 'It sleeps.', words: '' })
})

test('a health without a hop is ready, whatever else it says', () => {
  expect(lightOf(health({ compute_reason: 'Nothing.' })).tone).toBe('ready')
})
