import { expect, test } from 'vitest'

import { ACTIONS, TOOLS } from '.'

test('every tool and action has its own name, and its own key where it has one', () => {
  const all = [...TOOLS, ...ACTIONS]
  const keys = all.map(({ key }) => key).filter(Boolean)
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(new Set(keys).size).toBe(keys.length)
})

test('no more tools stand in the column than fit on a screen of 800 pixels', () => {
  expect(TOOLS.filter(({ rare }) => !rare).length).toBeLessThanOrEqual(12)
})

test('hints fit in the status line of a screen of 1440 pixels', () => {
  for (const { name, hint } of TOOLS) expect(hint.length, name).toBeLessThanOrEqual(135)
})
