import { expect, test } from 'vitest'

import { backoff_ms } from './backoff'

test('the wait doubles and has a ceiling', () => {
  expect([1, 2, 3, 4, 20].map(backoff_ms)).toEqual([500, 1000, 2000, 4000, 15_000])
})
