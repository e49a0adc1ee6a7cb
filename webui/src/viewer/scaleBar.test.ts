import { expect, test } from 'vitest'

import { scaleBar } from './scaleBar'

test.each([0.25, 1, 3.3, 16, 80, 300])('at %f µm/px the bar is a round length that fits', (um_per_px) => {
  const bar = scaleBar(um_per_px)
  expect(bar.width_px).toBeLessThanOrEqual(110)
  expect(bar.width_px).toBeGreaterThan(40)
  expect(bar.text).toMatch(/^[125]0* (µm|mm)$/)
})

test('1 mm is written in millimetres', () => {
  expect(scaleBar(10)).toEqual({ text: '1 mm', width_px: 100 })
})
