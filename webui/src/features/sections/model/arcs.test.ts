import { expect, test } from 'vitest'

import type { TrainingTask } from '@/api/types'

import { trainingArcs } from './arcs'

const task = (area: string, ...pairs: [number, number][]) =>
  ({ area, runs: pairs.map((sections) => ({ sections })) }) as unknown as TrainingTask

test('a pair trained twice is one arc, and short arcs come before long ones', () => {
  const arcs = trainingArcs([task('hOc1', [901, 1021]), task('hOc1', [901, 1021], [901, 961])])
  expect(arcs.map((arc) => arc.sections)).toEqual([[901, 961], [901, 1021]])
})
