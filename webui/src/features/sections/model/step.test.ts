import { expect, test } from 'vitest'

import type { Alignment, AreaMark, SectionState } from '@/api/types'

import { neighbour, nextWith, samePlace } from './step'

const step = (section: number, successor: number, angle_rad: number, dx_um: number, mirrored = false) => ({
  section, successor, residual_um: null, quality: null, hand_set: false, author: null, computed: null, transform: { angle_rad, dx_um, dy_um: 40, mirrored },
})
const alignment: Alignment = { format_version: 1, base_section: 901, steps: [step(901, 911, 0.1, 300), step(911, 921, -0.3, -20, true)] }

test('a neighbour exists inside the series only', () => {
  expect([neighbour([1, 2, 3], 2, 1), neighbour([1, 2, 3], 1, -1), neighbour([1, 2, 3], 9, 1)]).toEqual([3, undefined, undefined])
})

test('one step up is the rigid transform', () => {
  const [x, y] = samePlace(alignment, 901, 911, [1000, 0])
  expect(x).toBeCloseTo(1000 * Math.cos(0.1) + 300, 9)
  expect(y).toBeCloseTo(1000 * Math.sin(0.1) + 40, 9)
})

test('down the chain undoes up the chain, mirrors included', () => {
  const there = samePlace(alignment, 901, 921, [1234, 567])
  const [x, y] = samePlace(alignment, 921, 901, there)
  expect(x).toBeCloseTo(1234, 6)
  expect(y).toBeCloseTo(567, 6)
})

test('without a chain between the two sections the place stays', () => {
  expect(samePlace(alignment, 901, 931, [5, 6])).toEqual([5, 6])
  expect(samePlace(undefined, 901, 911, [5, 6])).toEqual([5, 6])
})

const marked = (number: number, mark: Partial<AreaMark>): SectionState =>
  ({ number, thumbnail_url: '', marks: [{ area: 'hOc1', annotated: false, predicted: false, verdict: null, doubt: null, ...mark }] }) as SectionState
const series = [
  marked(1, { annotated: true }),
  marked(2, { predicted: true, doubt: 0.4 }),
  marked(3, {}),
  marked(4, { predicted: true, doubt: 0.02 }),
  marked(5, { predicted: true, doubt: 0.3, verdict: 'accepted' }),
  marked(6, { predicted: true, doubt: 0.1 }),
  marked(7, { annotated: true }),
]

test('one steps to the nearest annotated, unreviewed or doubtful section, both ways, never to the current one', () => {
  expect([nextWith('annotated', series, 1, 1), nextWith('annotated', series, 4, -1), nextWith('annotated', series, 7, 1)]).toEqual([7, 1, undefined])
  expect([nextWith('unreviewed', series, 2, 1), nextWith('unreviewed', series, 4, 1), nextWith('unreviewed', series, 4, -1)]).toEqual([4, 6, 2])
  expect([nextWith('doubtful', series, 2, 1), nextWith('doubtful', series, 6, -1), nextWith('doubtful', series, 2, -1)]).toEqual([6, 2, undefined])
})

test('with an area only its marks count', () => {
  expect(nextWith('annotated', series, 1, 1, 'hOc2')).toBeUndefined()
  expect(nextWith('annotated', series, 1, 1, 'hOc1')).toBe(7)
})
