import { expect, test } from 'vitest'

import { outlined } from './history'
import { type Outbox, sending, stored, want } from './outbox'
import { shelve, unshelve } from './shelf'

/** The browser's storage, as far as a shelf needs it. */
function memory(): Storage {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    clear: () => items.clear(),
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }
}

const empty: Outbox = new Map()

test('an unsaved region comes back after a reload, waiting to be sent, for its owner only', () => {
  const storage = memory()
  const wanted = outlined('hOc1', [[[0, 0], [1, 0], [0, 1]]])
  const outbox = sending(want(empty, 'a', 901, wanted, 3), 'a')
  shelve(storage, 'anna.p', empty, outbox)
  expect([...unshelve(storage, 'anna.p').values()]).toEqual([{ uid: 'a', section: 901, wanted, version: 3, state: 'waiting' }])
  expect(unshelve(storage, 'erika.p').size).toBe(0)
  shelve(storage, 'anna.p', outbox, stored(outbox, 'a', 4))
  expect(storage.length).toBe(0)
})

test('what cannot be read is skipped and not thrown away', () => {
  const storage = memory()
  storage.setItem('brodmann.unsaved.anna.p.x', '{broken')
  expect(unshelve(storage, 'anna.p').size).toBe(0)
  expect(storage.length).toBe(1)
})
