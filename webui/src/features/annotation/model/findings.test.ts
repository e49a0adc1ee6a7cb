import { expect, test } from 'vitest'

import { findingWords, mends, sumWords } from './findings'

const REGIONS = [{ uid: 'aaaa1', area: 'hOc1' }, { uid: 'bbbb2', area: 'hOc2' }]
const overlap = { kind: 'overlap' as const, regions: [0, 1], at_um: [1, 2] as const, size_um2: 60_000, paths: [] }

test('a finding says what it is, of which regions and how large', () => {
  expect(findingWords(overlap, REGIONS)).toBe('hOc1 aaaa, hOc2 bbbb overlap in 0.06 mm²')
  expect(findingWords({ ...overlap, kind: 'gap', size_um2: 812.4 }, REGIONS)).toBe('gap of 812 µm² between hOc1 aaaa, hOc2 bbbb')
  expect(findingWords({ ...overlap, kind: 'crossing', regions: [1] }, REGIONS)).toBe('hOc2 bbbb crosses itself')
  expect(sumWords([overlap], 50)).toBe('1 place to look at.')
  expect(sumWords([], 50)).toContain('50 µm')
})

test('an overlap and a gap may be given to each of their regions, a crossing is untied', () => {
  expect(mends(overlap, REGIONS).map(({ to, title }) => [to, title])).toEqual([[0, 'to hOc1 aaaa'], [1, 'to hOc2 bbbb']])
  expect(mends({ ...overlap, kind: 'crossing', regions: [1] }, REGIONS)).toMatchObject([{ to: 1, title: 'untie' }])
})
