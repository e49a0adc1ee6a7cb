import { expect, test } from 'vitest'

import type { Progress } from '@/api/types'

import { losses, lossCurve } from './curve'

const line = (step: number, loss: number | null): Progress => ({
  at: '2026-01-01T00:00:00Z', phase: 'training', step, of: 100, loss, metrics: {}, eta_s: null,
})

test('lines without a loss are no points, and after a resume the later line of a step counts', () => {
  expect(losses([line(0, null), line(1, 2), line(2, 1.5), line(1, 1.9)])).toEqual([{ step: 1, loss: 1.9 }, { step: 2, loss: 1.5 }])
})

test('the curve fills its box: the largest loss is at the top, the last step of the job at the right', () => {
  const curve = lossCurve([{ step: 0, loss: 2 }, { step: 50, loss: 1 }], 100, 200, 80)
  expect(curve.line).toBe('M 0.0 0.0 L 100.0 40.0')
  expect(curve.largest).toBe(2)
})

test('a long curve is thinned and keeps its end', () => {
  const points = Array.from({ length: 3000 }, (_, step) => ({ step, loss: 1 }))
  const curve = lossCurve(points, 3000, 300, 80)
  expect(curve.line.split(' ').length / 3).toBeLessThan(450)
  expect(curve.line).toMatch(/L 299.9 0.0$/)
})

test('no points are an empty curve', () => {
  expect(lossCurve([], 10, 100, 50).line).toBe('')
})
