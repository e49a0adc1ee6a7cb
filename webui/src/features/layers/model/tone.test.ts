import { expect, test } from 'vitest'

import { fromSlider, isPlain, keep, nudged, PLAIN, recall, shade, tables, toSlider } from './tone'

const numbers = (line: string) => line.split(' ').map(Number)

test('the plain tone leaves every gray as it is', () => {
  expect([0, 0.25, 1].map((gray) => shade(PLAIN, gray))).toEqual([0, 0.25, 1])
  expect(isPlain(PLAIN)).toBe(true)
})

test('contrast spreads about mid-gray, brightness shifts, gamma above one lifts the dark, inverting swaps', () => {
  expect(shade({ ...PLAIN, contrast: 2 }, 0.6)).toBeCloseTo(0.7)
  expect(shade({ ...PLAIN, contrast: 2 }, 0.1)).toBe(0)
  expect(shade({ ...PLAIN, brightness: 0.2 }, 0.3)).toBeCloseTo(0.5)
  expect(shade({ ...PLAIN, gamma: 2 }, 0.25)).toBeCloseTo(0.5)
  expect(shade({ ...PLAIN, inverted: true }, 0.2)).toBeCloseTo(0.8)
})

test('a knob stays within its range, and its slider has one in the middle of half and twice', () => {
  let tone = PLAIN
  for (let step = 0; step < 40; step++) tone = nudged(tone, 'gamma', 0.25)
  expect(tone.gamma).toBe(4)
  expect(toSlider('contrast', 2)).toBeCloseTo(-toSlider('contrast', 0.5))
  expect(fromSlider('gamma', toSlider('gamma', 1.5))).toBeCloseTo(1.5)
})

test('a red and a blue section laid darker over darker are gray where they agree', () => {
  const section = tables(PLAIN, 'red', 1)
  const neighbour = tables(PLAIN, 'blue', 1)
  const pixel = (a: number, b: number) =>
    (['red', 'green', 'blue'] as const).map((channel) => Math.min(numbers(section[channel])[a]!, numbers(neighbour[channel])[b]!))
  const [red, green, blue] = pixel(90, 90)
  expect([green, blue]).toEqual([red, red])
  expect(pixel(0, 255)).toEqual([1, 0, 0]) // tissue of this section alone
  expect(pixel(255, 0)).toEqual([0, 0, 1]) // tissue of the neighbour alone
  expect(numbers(tables(PLAIN, 'red', 0).red)[90]).toBeCloseTo(90 / 255, 3)
})

test('a tone is remembered per person and brain, and what is broken or out of range is forgotten', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
  const mine = { contrast: 2, brightness: 0.1, gamma: 0.5, inverted: true }
  keep(storage, 'anna.B20', mine)
  expect(recall(storage, 'anna.B20')).toEqual(mine)
  expect(recall(storage, 'anna.B01')).toEqual(PLAIN)
  keep(storage, 'anna.B20', PLAIN)
  expect(kept.size).toBe(0)
  kept.set('brodmann.tone.x', '{"contrast": 1e9, "gamma": "2"}')
  kept.set('brodmann.tone.y', 'nonsense')
  expect([recall(storage, 'x'), recall(storage, 'y')]).toEqual([PLAIN, PLAIN])
})
