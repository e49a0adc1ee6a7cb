import { expect, test } from 'vitest'

import { reasonByKey, REASONS, reviewWords } from './reasons'

test('the progress of a review is said in words', () => {
  expect(reviewWords({ accepted: 41, corrected: 6, rejected: 0 }, 72, 'hOc1')).toBe('hOc1: 41 of 119 accepted, 6 corrected')
})

test('a number key is a reason as long as no words were typed', () => {
  expect(['1', '5', '6', '0', 'a', 'Enter'].map((key) => reasonByKey(key, ''))).toEqual([REASONS[0], REASONS[4], undefined, undefined, undefined, undefined])
  expect(reasonByKey('1', 'layer ')).toBeUndefined()
})
