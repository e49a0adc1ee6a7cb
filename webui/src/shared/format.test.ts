import { expect, test } from 'vitest'

import { ago, count, duration, pixelSize, sectionNumber, squareMm } from './format'

test('a duration is said as a person would', () => {
  expect([0.2, 40, 120, 3600, 3900].map(duration)).toEqual(['1 s', '40 s', '2 min', '1 h', '1 h 5 min'])
})

test('a past moment is told relative to now', () => {
  const now = Date.parse('2026-01-02T12:00:00Z')
  expect(ago('2026-01-02T11:59:50Z', now)).toBe('just now')
  expect(ago('2026-01-02T11:55:00Z', now)).toBe('5 min ago')
  expect(ago('2026-01-01T11:00:00Z', now)).toBe('yesterday')
})

test('numbers carry their unit', () => {
  expect(sectionNumber(901)).toBe('0901')
  expect(squareMm(2_500_000)).toBe('2.50 mm²')
  expect(count(1, 'section')).toBe('1 section')
  expect(pixelSize(16.2)).toBe('16 µm/px')
  expect(pixelSize(0.5)).toBe('0.50 µm/px')
})
