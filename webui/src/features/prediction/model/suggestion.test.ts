import { expect, test } from 'vitest'

import { suggestionWords } from './suggestion'

test('a suggestion says what it is worth, why, and which sections come after', () => {
  const candidates = [961, 931, 941, 951, 971].map((section, index) => ({ section, gain_mm2: 4.26 - index }))
  expect(suggestionWords({ area: 'hOc1', candidates, why: 'Most doubt lies around it.' })).toBe(
    'Annotating section 0961 is expected to save 4.3 mm² of wrong labels. Most doubt lies around it. After it: 0931, 0941, 0951.',
  )
  expect(suggestionWords({ area: 'hOc1', candidates: [], why: 'Nothing is predicted yet.' })).toBe('Nothing is predicted yet.')
})
