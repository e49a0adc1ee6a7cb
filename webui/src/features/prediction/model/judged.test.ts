import { expect, test } from 'vitest'

import type { Prediction } from '@/api/types'

import { toJudge } from './judged'

const prediction = (area: string, review: object | null = null) => ({ area, review }) as Prediction
const ALL = [prediction('7'), prediction('hOc1', { verdict: 'accepted' }), prediction('hOc2')]

test('buttons and keys are about the area that is drawn, as the list of areas shows it', () => {
  expect(toJudge(ALL, undefined, 'hOc2')?.area).toBe('hOc2')
  expect(toJudge(ALL, undefined, 'hOc1')?.area).toBe('hOc1')
})

test('where the area drawn is not predicted they are about the first unreviewed one', () => {
  expect(toJudge(ALL, undefined, 'hOc3')?.area).toBe('7')
  expect(toJudge([prediction('7', {}), prediction('hOc2')], undefined, '')?.area).toBe('hOc2')
  expect(toJudge([], undefined, 'hOc1')).toBeUndefined()
})

test('in a review they are about its area alone', () => {
  expect(toJudge(ALL, 'hOc2', '7')?.area).toBe('hOc2')
  expect(toJudge(ALL, 'hOc3', '7')).toBeUndefined()
})
