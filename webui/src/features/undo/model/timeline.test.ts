import { expect, test } from 'vitest'

import { difference, IDS_PER_MS, outdated, placeKey, timelineOf } from './shelf'
import { type Deed, emptyTimeline, joined, MOST_BYTES, read, redone, remembered, takenBack, type Timeline, without, written } from './timeline'

const deed = (id: number, text = ''): Deed => ({ id, kind: 'regions', text })
const ids = ({ past, future }: Timeline) => [past.map(({ id }) => id), future.map(({ id }) => id)]
const did = (...deeds: Deed[]) => deeds.reduce(remembered, emptyTimeline)
const back = (timeline: Timeline) => takenBack(timeline, timeline.past.at(-1)!)

test('the last deed is taken back first and redone last; a new one ends the way forward', () => {
  const two = back(back(did(deed(1), deed(2), deed(3))))
  expect(ids(two)).toEqual([[1], [2, 3]])
  expect(ids(redone(two, two.future[0]!))).toEqual([[1, 2], [3]])
  expect(ids(remembered(two, deed(4)))).toEqual([[1, 4], []])
})

test('a deed taken back while another was done leaves without a way forward', () => {
  expect(ids(takenBack(did(deed(1), deed(2)), deed(1)))).toEqual([[2], []])
  expect(ids(without(back(did(deed(1), deed(2))), deed(2)))).toEqual([[1], []])
})

test('the oldest deeds go when there is no room, never the last one', () => {
  const third = 'x'.repeat(MOST_BYTES / 3)
  expect(ids(did(deed(1, third), deed(2, third), deed(3, third), deed(4, third)))[0]).toEqual([2, 3, 4])
  expect(ids(did(deed(1), deed(2, 'x'.repeat(MOST_BYTES + 1))))[0]).toEqual([2])
})

test('what the shelf holds after any steps is the timeline again', () => {
  const place = { person: 'anna', project: 'p', section: 901 }
  const shelf = new Map<string, unknown>()
  let now = emptyTimeline
  const read = () => timelineOf(place, [...shelf].sort(([a], [b]) => (a < b ? -1 : 1)))
  for (const step of [
    (old: Timeline) => remembered(old, deed(9)), (old: Timeline) => remembered(old, deed(10)), back, back,
    (old: Timeline) => redone(old, old.future[0]!), (old: Timeline) => remembered(old, deed(11)), back, (old: Timeline) => without(old, deed(9)),
  ]) {
    const next = step(now)
    const { put, gone } = difference(place, now, next)
    gone.forEach((key) => shelf.delete(key))
    put.forEach(([key, value]) => shelf.set(key, value))
    now = next
    expect(read()).toEqual(now)
  }
})

test('what was done before the shelf was read comes after what lay there', () => {
  expect(ids(joined(back(did(deed(1), deed(2))), emptyTimeline))).toEqual([[1], [2]])
  expect(ids(joined(back(did(deed(1), deed(2))), did(deed(3))))).toEqual([[1, 3], []])
})

test('after a month deeds are forgotten, and the mark of the last one never is', () => {
  const place = placeKey({ person: 'anna', project: 'p', section: 901 })
  const keys = [1, 31].map((days) => place + String((100 - days) * 86_400_000 * IDS_PER_MS).padStart(17, '0'))
  expect(outdated([...keys, `${place}last`], 100 * 86_400_000)).toEqual([keys[1]])
})

test('what a feature gave comes back from the shelf, rows of numbers as rows', () => {
  const what = [{ uid: 'a', facts: [null, { row: 'b' }], paths: { out: new Float64Array([1, 2.25, -3]), in: new Float64Array() } }]
  expect(read(structuredClone({ id: 1, kind: 'regions', ...written(what) } satisfies Deed))).toEqual(what)
  expect(written(what).text.length).toBeLessThan(100)
})

test('rows count for the room that deeds take', () => {
  const large = (id: number): Deed => ({ ...deed(id), rows: [new Float64Array(MOST_BYTES / 16)] })
  expect(ids(did(large(1), large(2), large(3)))[0]).toEqual([2, 3])
})
