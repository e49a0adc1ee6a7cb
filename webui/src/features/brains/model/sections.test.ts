import { expect, test } from 'vitest'

import { section, step } from './examples'
import { entries, filtered, filters, isFilter, pairDetails, pairWords, picture, sizeWords, stateWords, summary } from './sections'

const BRAIN = entries([
  section(901, { tissue: 'computed', step: step(901) }),
  section(911, { tissue: 'corrected', step: step(911, { weak: true, mirrored: true }) }),
  section(921, { problem: 'TINY_0921.tif is no image' }),
  section(931, { step: step(931, { weak: true, hand_set: true, author: 'anna', residual_um: null }) }),
  section(941),
])

test('a pair is the step to the next section; the last section has none, and a step set by hand is never weak', () => {
  expect(BRAIN.map(({ pair }) => pair)).toEqual(['ok', 'weak', 'missing', 'by hand', 'last'])
  expect(BRAIN.map(({ successor }) => successor)).toEqual([911, 921, 931, 941, undefined])
  expect(entries([])).toEqual([])
})

test('every filter keeps what it says and counts it', () => {
  expect(filters(BRAIN).map(({ filter, sections }) => [filter, sections])).toEqual([
    ['all', 5], ['tissue', 3], ['unaligned', 1], ['weak', 1], ['problems', 1],
  ])
  expect(filtered(BRAIN, 'tissue').map(({ facts }) => facts.number)).toEqual([921, 931, 941])
})

test('only the words of filters are filters', () => {
  expect(isFilter('weak')).toBe(true)
  for (const word of ['toString', '', undefined, ['weak']]) expect(isFilter(word)).toBe(false)
})

test('a pair says in words how it stands, and on hovering with which figures', () => {
  expect(BRAIN.map(pairWords)).toEqual(['aligned', 'weak pair, mirrored', 'not aligned', 'set by hand', 'last section'])
  expect(pairDetails(BRAIN[0]!)).toBe('901 to 911, residual 45 µm, 312 of 400 matches agree')
  expect(pairDetails(BRAIN[1]!)).toContain('one of the two is mirrored, not certain')
  expect(pairDetails(BRAIN[2]!)).toBe('Section 921 is not aligned to 931 yet.')
  expect(pairDetails(BRAIN[3]!)).toContain('set by anna')
})

test('sizes have a unit and one decimal', () => {
  expect(sizeWords(BRAIN[0]!.facts)).toBe('26.0 × 33.0 mm')
})

test('the state of a brain is told in a few lines, what waits for a person as a warning', () => {
  expect(stateWords(summary(BRAIN))).toEqual([
    { words: 'Tissue: 2 of 5 sections', warns: false },
    { words: 'Aligned: 3 of 4 pairs', warns: false },
    { words: '1 weak pair to look at', warns: true },
    { words: '1 image cannot be shown', warns: true },
  ])
  const done = entries([section(1, { tissue: 'computed', step: step(1) }), section(2, { tissue: 'computed' })])
  expect(stateWords(summary(done)).map(({ words }) => words)).toEqual(['Tissue: all of 2 sections', 'Aligned: all of 1 pair'])
  expect(stateWords(summary(entries([section(1)]))).map(({ words }) => words)).toEqual(['Tissue: none yet'])
})

test('the middle section that can be shown stands for the brain', () => {
  expect(picture(BRAIN)?.number).toBe(931)
  expect(picture([])).toBeUndefined()
})
