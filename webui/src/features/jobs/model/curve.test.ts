import { expect, test } from 'vitest'

import type { Progress } from '@/api/types'

import { curve, CURVES, digits, pointsOf } from './curve'

const line = (step: number, loss: number | null, metrics = {}): Progress => ({
  at: '2026-01-01T00:00:00Z', phase: 'training', step, of: 100, loss, metrics, eta_s: null,
})
const [loss, f1, rate] = CURVES

test('lines without a value are no points, and after a resume the later line of a step counts', () => {
  const lines = [line(0, null), line(1, 2), line(2, 1.5), line(1, 1.9)]
  expect(pointsOf(lines, loss.read)).toEqual([{ step: 1, value: 1.9 }, { step: 2, value: 1.5 }])
})

test('F1 and learning rate are read from the metrics of the lines that have them', () => {
  const lines = [line(0, null), line(5, 2, { f1_area: 0.5, learning_rate: 0.04 })]
  expect(pointsOf(lines, f1.read)).toEqual([{ step: 5, value: 0.5 }])
  expect(pointsOf(lines, rate.read)).toEqual([{ step: 5, value: 0.04 }])
})

test('a curve fills its box: the largest value is at the top, the last step of the job at the right', () => {
  const found = curve([{ step: 0, value: 2 }, { step: 50, value: 1 }], 100, [200, 80])
  expect(found.line).toBe('M 0.0 0.0 L 100.0 40.0')
  expect(found.largest).toBe(2)
})

test('a curve with a fixed top keeps its scale', () => {
  expect(curve([{ step: 0, value: 0.5 }], 100, [200, 80], 1).line).toBe('M 0.0 40.0')
})

test('a long curve is thinned and keeps its end', () => {
  const points = Array.from({ length: 3000 }, (_, step) => ({ step, value: 1 }))
  const found = curve(points, 3000, [300, 80])
  expect(found.line.split(' ').length / 3).toBeLessThan(450)
  expect(found.line).toMatch(/L 299.9 0.0$/)
})

test('no points are an empty curve', () => {
  expect(curve([], 10, [100, 50]).line).toBe('')
})

test('numbers have the digits that mean something', () => {
  expect([digits(0.18349), digits(0.00125), digits(0)]).toEqual(['0.183', '0.00125', '0.000'])
})
