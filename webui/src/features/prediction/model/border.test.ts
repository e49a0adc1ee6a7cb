import { expect, test } from 'vitest'

import type { BorderStretch } from '@/api/types'

import { borderWords, boxOf, doubtfulStretches } from './border'

const stretch = (doubt: number, points: [number, number][] = [[0, 0], [1000, 0]]): BorderStretch => ({ points, length_mm: 1, doubt })

test('the most doubtful stretches come first; those half as doubtful as the worst are left out', () => {
  const found = doubtfulStretches([stretch(0.2), stretch(0.8), stretch(0.5), stretch(0)])
  expect(found.map(({ doubt }) => doubt)).toEqual([0.8, 0.5])
  expect(doubtfulStretches(Array.from({ length: 20 }, () => stretch(0.3)))).toHaveLength(6)
  expect(doubtfulStretches([])).toEqual([])
  expect(doubtfulStretches([stretch(0)])).toEqual([])
})

test('a stretch is looked at from the middle of its box', () => {
  expect(boxOf(stretch(1, [[0, 100], [400, 300], [200, 900]]))).toEqual({ centre_um: [200, 500], size_um: 800 })
})

test('the doubtful border is said in words', () => {
  expect(borderWords([])).toBe('')
  expect(borderWords([stretch(1)])).toBe('1 doubtful stretch of border, 1.0 mm')
  expect(borderWords([stretch(1), stretch(1)])).toBe('2 doubtful stretches of border, 2.0 mm in all')
})
