import { expect, test } from 'vitest'

import type { AreaMark, SectionState } from '@/api/types'

import { frameWords, markState, reviewQueue } from './marks'
import { nextWith } from './step'

const mark = (facts: Partial<AreaMark>): AreaMark => ({
  area: 'hOc1', annotated: false, predicted: false, verdict: null, mean_confidence: null, doubt: null, ...facts,
})
const state = (number: number, ...marks: AreaMark[]): SectionState => ({ number, thumbnail_url: '', marks })

test('a verdict says more than an annotation, an annotation more than a prediction', () => {
  expect(markState(mark({ predicted: true, annotated: true, verdict: 'corrected' }))).toBe('corrected')
  expect(markState(mark({ predicted: true, annotated: true }))).toBe('annotated')
  expect(markState(mark({ predicted: true }))).toBe('predicted')
  expect(markState(mark({}))).toBeUndefined()
})

test('a frame is said in words', () => {
  expect(frameWords(state(911, mark({ predicted: true, doubt: 0.124 })))).toBe(
    'Section 0911, hOc1 predicted (about 12 % of it may be wrong)',
  )
})

test('the review queue holds unreviewed predictions of the area, most doubtful first', () => {
  const states = [
    state(901, mark({ annotated: true })),
    state(911, mark({ predicted: true, doubt: 0.05 })),
    state(921, mark({ predicted: true, doubt: 0.2 })),
    state(931, mark({ predicted: true, doubt: 0.5, verdict: 'accepted' })),
    state(941, mark({ predicted: true, doubt: 0.7, area: 'hOc2' })),
  ]
  expect(reviewQueue(states, 'hOc1').map((one) => one.number)).toEqual([921, 911])
  expect(reviewQueue(states).map((one) => one.number)).toEqual([941, 921, 911])
})

test('what a person has drawn is not offered for review, whatever a model says there', () => {
  const states = [state(901, mark({ annotated: true, predicted: true, doubt: 0.9 })), state(911, mark({ predicted: true, doubt: 0.1 }))]
  expect(reviewQueue(states, 'hOc1').map((one) => one.number)).toEqual([911])
  expect(nextWith('unreviewed', states, 891, 1)).toBe(911)
  expect(nextWith('doubtful', states, 891, 1)).toBe(911)
})
