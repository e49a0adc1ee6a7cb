import { expect, test } from 'vitest'

import { reviewWords } from './reasons'

test('the progress of a review is said in words', () => {
  expect(reviewWords({ accepted: 41, corrected: 6, rejected: 0, predicted: 119 }, 'hOc1')).toBe('hOc1: 41 of 119 accepted, 6 corrected')
})
