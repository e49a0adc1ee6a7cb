import { expect, test } from 'vitest'

import type { AreaProgress } from '@/api/types'

import { begun, progressWords, shares } from './progress'

const progress = (numbers: Partial<AreaProgress>): AreaProgress => ({
  area: { name: 'hOc1', long_name: '', lobe: '', aliases: [], colour: '#aa0000' },
  annotated: 0, predicted: 0, accepted: 0, rejected: 0, corrected: 0, ...numbers,
})

test('every section counts once, in its most advanced state', () => {
  const kinds = Object.fromEntries(
    shares(progress({ annotated: 3, predicted: 9, accepted: 4, corrected: 1, rejected: 2 }), 20).map((s) => [s.kind, s.sections]),
  )
  expect(kinds).toEqual({ annotated: 2, accepted: 4, corrected: 1, rejected: 2, predicted: 2 })
})

test('an empty series has no shares and words say that nothing is there', () => {
  expect(shares(progress({}), 0).every((s) => s.share === 0)).toBe(true)
  expect(progressWords(progress({}))).toBe('nothing annotated yet')
  expect(progressWords(progress({ annotated: 2, predicted: 9 }))).toBe('2 annotated, 9 predicted')
})

test('areas without anything are counted, not listed', () => {
  expect(begun([progress({ annotated: 1 }), progress({}), progress({})])).toEqual({ shown: [progress({ annotated: 1 })], rest: 2 })
})
