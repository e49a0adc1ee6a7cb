import { expect, test } from 'vitest'

import type { ModelReport } from '@/api/types'

import { calibrationWords, reliability, scores } from './modelReport'

const report = (facts: Partial<ModelReport>): ModelReport => ({
  areas: ['hOc1'], sections: [901, 941], iterations: 150, final_loss: 0.2, training_f1: { hOc1: 0.95 }, validation_f1: { hOc1: 0.93 },
  calibration: null, warnings: [], ...facts,
})

test('the scores of an area are those of training and of the blocks kept out', () => {
  expect(scores(report({}))).toEqual([{ area: 'hOc1', training: 0.95, validation: 0.93 }])
  expect(scores(report({ validation_f1: {} }))).toEqual([{ area: 'hOc1', training: 0.95, validation: undefined }])
})

test('probabilities with a small calibration error can be taken at their word', () => {
  const bins: [] = []
  expect(calibrationWords({ temperature: 1.4, ece_before: 0.08, ece_after: 0.02, bins })).toBe(
    'Calibration error 0.020 (0.080 before, temperature 1.40): its probabilities can be taken at their word.',
  )
  expect(calibrationWords({ temperature: 1, ece_before: 0.08, ece_after: 0.07, bins })).toMatch(/with care/)
})

test('the reliability plot leaves empty bins out; being right as often as sure lies on the diagonal', () => {
  const bins = [{ confidence: 0.9, accuracy: 0.9, share: 0.8 }, { confidence: 0.5, accuracy: 0.25, share: 0.2 }, { confidence: 0, accuracy: 0, share: 0 }]
  const { line, bars } = reliability(bins, 100)
  expect(line).toBe('M 50.0 75.0 L 90.0 10.0')
  expect(bars.map(({ height }) => Math.round(height))).toEqual([8, 30])
  expect(bars[1]!.title).toBe('80 % of the pixels: sure to 90 %, right in 90 %')
})
