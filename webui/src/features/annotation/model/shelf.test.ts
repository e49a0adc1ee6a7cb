import { expect, test } from 'vitest'

import type { Keep } from '@/shared/keep'

import { outlined, type Shape } from './history'
import { type Outbox, sending, stored, want } from './outbox'
import { Shelf } from './shelf'

/** The browser's storage, as far as a shelf needs it, with room for so many characters an entry. */
function memory(room = Infinity): Storage {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    clear: () => items.clear(),
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      if (value.length > room) throw new Error('QuotaExceededError')
      items.set(key, value)
    },
    removeItem: (key) => void items.delete(key),
  }
}

/** The browser's database, as far as a shelf needs it. */
function database() {
  const entries = new Map<string, unknown>()
  const keep: Keep = {
    read: async (prefix) => [...entries].filter(([key]) => key.startsWith(prefix)),
    keys: async (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
    write: async (put, gone) => {
      gone.forEach((key) => entries.delete(key))
      put.forEach(([key, value]) => entries.set(key, structuredClone(value)))
    },
  }
  return { entries, keep }
}

function shelf(storage: Storage, keep: Keep, owner = 'anna.p') {
  let time = 0
  return new Shelf(storage, keep, owner, () => ++time)
}

const square = outlined('hOc1', [[[0, 0], [1, 0], [0, 1]]])
const huge = outlined('hOc1', [Array.from({ length: 99 }, (_, x): [number, number] => [x, 0])])
const empty: Outbox = new Map()
const waiting = (wanted: Shape, version: number) => [{ uid: 'a', section: 901, wanted, version, state: 'waiting' }]

test('an unsaved region comes back after a reload, waiting to be sent, for its owner only', async () => {
  const [storage, { keep }] = [memory(), database()]
  const outbox = sending(want(empty, 'a', 901, square, 3), 'a')
  const mine = shelf(storage, keep)
  await mine.shelve(empty, outbox)
  expect([...shelf(storage, keep).unshelve().values()]).toEqual(waiting(square, 3))
  expect(shelf(storage, keep, 'erika.p').unshelve().size).toBe(0)
  await mine.shelve(outbox, stored(outbox, 'a', 4))
  expect(storage.length).toBe(0)
})

test('what cannot be read is skipped and not thrown away', () => {
  const storage = memory()
  storage.setItem('brodmann.unsaved.anna.p.x', '{broken')
  expect(shelf(storage, database().keep).unshelve().size).toBe(0)
  expect(storage.length).toBe(1)
})

test('a region too large for localStorage comes back from the database, and leaves it when it is stored', async () => {
  const [storage, { keep, entries }] = [memory(300), database()]
  const mine = shelf(storage, keep)
  const [small, large] = [want(empty, 'a', 901, square, 3), want(empty, 'a', 901, huge, 3)]
  await mine.shelve(empty, small)
  expect(await mine.shelve(small, large)).toBe(true)
  const found = shelf(storage, keep)
  expect([...found.unshelve().values()]).toEqual(waiting(square, 3)) // older: what came after lies in the database
  const newer = await found.unshelveLarge()
  expect([...newer.values()]).toEqual(waiting(huge, 3))
  await found.shelve(newer, stored(sending(newer, 'a'), 'a', 4))
  expect([storage.length, entries.size]).toEqual([0, 0])
})

test('a region that fits again is not overtaken by its larger state from before', async () => {
  const [storage, { keep, entries }] = [memory(300), database()]
  const mine = shelf(storage, keep)
  const [large, small] = [want(empty, 'a', 901, huge, 3), want(empty, 'a', 901, square, 3)]
  await mine.shelve(empty, large)
  const old = [...entries]
  await mine.shelve(large, small)
  expect(entries.size).toBe(0)
  old.forEach(([key, value]) => entries.set(key, value)) // the page ended before the database knew
  expect((await shelf(storage, keep).unshelveLarge()).size).toBe(0)
})

test('a browser that keeps nothing says so', async () => {
  const refusing: Keep = { ...database().keep, write: () => Promise.reject(new Error('no database')) }
  const [mine, outbox] = [shelf(memory(10), refusing), want(empty, 'a', 901, huge, 3)]
  expect(await mine.shelve(empty, outbox)).toBe(false)
  expect(await mine.shelve(outbox, sending(outbox, 'a'))).toBe(false)
  expect(await mine.shelve(sending(outbox, 'a'), empty)).toBe(true)
})
