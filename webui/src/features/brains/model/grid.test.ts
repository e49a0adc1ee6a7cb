import { expect, test } from 'vitest'

import { choose } from './choice'
import { columnsIn, gridWindow } from './grid'

const LONG = { count: 7404, columns: 6, row_px: 226, screen_px: 768 }

test('of a long grid a few rows around the screen are drawn, in full rows, at their place', () => {
  const top = gridWindow({ ...LONG, top_px: 150 })
  expect(top).toEqual({ first: 0, after: 36, offset_px: 0, height_px: 1234 * 226 })
  const middle = gridWindow({ ...LONG, top_px: -100_000 })
  expect(middle.first % 6).toBe(0)
  expect(middle.offset_px).toBe((middle.first / 6) * 226)
  expect(middle.offset_px).toBeLessThanOrEqual(100_000)
  expect(middle.offset_px + ((middle.after - middle.first) / 6) * 226).toBeGreaterThanOrEqual(100_768)
  expect(middle.after - middle.first).toBeLessThan(100)
})

test('past the end, and of nothing, nothing is drawn', () => {
  expect(gridWindow({ ...LONG, top_px: -10_000_000 })).toMatchObject({ first: 7404, after: 7404 })
  expect(gridWindow({ ...LONG, count: 0, top_px: 0 })).toEqual({ first: 0, after: 0, offset_px: 0, height_px: 0 })
})

test('as many columns as fit with their gaps, at least one', () => {
  expect(columnsIn(528, 168, 12)).toBe(3)
  expect(columnsIn(527, 168, 12)).toBe(2)
  expect(columnsIn(0, 168, 12)).toBe(1)
})

const SHOWN = [901, 911, 921, 931]

test('a click chooses or takes back one section', () => {
  expect([...choose(new Set(), SHOWN, 911)]).toEqual([911])
  expect([...choose(new Set([911]), SHOWN, 911)]).toEqual([])
})

test('a click with Shift chooses everything since the last click, in either direction, and keeps the rest', () => {
  expect([...choose(new Set([901]), SHOWN, 921, 931)].sort()).toEqual([901, 921, 931])
  expect([...choose(new Set([901]), SHOWN, 921, 901)].sort()).toEqual([901, 911, 921])
})

test('a last click on a section that is not shown any more counts for nothing', () => {
  expect([...choose(new Set(), SHOWN, 921, 777)]).toEqual([921])
})
