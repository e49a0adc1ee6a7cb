import { expect, test } from 'vitest'

import { randomKey } from './randomKey'

test('a key is 32 hexadecimal digits of a version 4 UUID, each time another', () => {
  const keys = Array.from({ length: 50 }, () => randomKey())
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
  expect(new Set(keys).size).toBe(50)
})
