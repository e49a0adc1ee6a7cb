import { expect, test } from 'vitest'

import type { TrainingTask } from '@/api/types'

import { trainingArcs } from './arcs'

const task = (area: string, ...pairs: [number, number][]) =>
  ({ area, pairs: [], runs: pairs.map((sections) => ({ sections })) }) as unknown as TrainingTask

test('a pair trained twice is one arc, and short arcs come before long ones', () => {
  const arcs = trainingArcs([task('hOc1', [901, 1021]), task('hOc1', [901, 1021], [901, 961])])
  expect(arcs.map((arc) => arc.sections)).toEqual([[901, 961], [901, 1021]])
})

test('a global model has an arc for each interval it fills', () => {
  const global = { area: 'hOc1', pairs: [[901, 961], [961, 1021]], runs: [{ sections: [901, 961, 1021] }] } as unknown as TrainingTask
  expect(trainingArcs([global]).map((arc) => arc.sections)).toEqual([[901, 961], [961, 1021]])
})
