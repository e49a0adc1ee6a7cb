import { expect, test } from 'vitest'

import type { Annotation } from '@/api/types'

import { outlined, type Shape } from './history'
import { clash, type Outbox, refused, resolve, saveWord, sending, stored, unanswered, want } from './outbox'

const shape = (x: number): Shape => outlined('hOc1', [[[x, 0], [1, 0], [0, 1]]])
const theirs = (x: number, version: number, deleted = false): Annotation => ({
  uid: 'a', project: 'p', section: 901, author: 'erika', version, deleted, source: { kind: 'drawn' },
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ...shape(x),
})
const empty: Outbox = new Map()
const sent = (x: number, version = 3) => sending(want(empty, 'a', 901, shape(x), version), 'a')

test('what was sent and stored is done', () => {
  expect(stored(sent(1), 'a', 4).size).toBe(0)
})

test('an edit while sending waits for its turn and rests on the new version', () => {
  const edited = want(sent(1), 'a', 901, shape(2), 3)
  expect(edited.get('a')!.state).toBe('sending')
  expect(stored(edited, 'a', 4).get('a')).toMatchObject({ state: 'waiting', version: 4, wanted: shape(2) })
})

test('a region drawn and deleted before it was sent never travels, one that is on its way is deleted after', () => {
  expect(want(want(empty, 'a', 901, shape(1), 0), 'a', 901, null, 0).size).toBe(0)
  const onItsWay = want(sent(1, 0), 'a', 901, null, 0)
  expect(stored(onItsWay, 'a', 1).get('a')).toMatchObject({ wanted: null, version: 1, state: 'waiting' })
})

test('without an answer it is sent again, and a 409 with our own state means that it had arrived', () => {
  const again = sending(unanswered(sent(1), 'a'), 'a')
  expect(clash(again, 'a', theirs(1, 4)).size).toBe(0)
})

test('our own state that arrived unanswered is the base of what was changed since', () => {
  const edited = want(sent(1), 'a', 901, shape(2), 3)
  expect(clash(edited, 'a', theirs(1, 4)).get('a')).toMatchObject({ state: 'waiting', version: 4, wanted: shape(2) })
})

test('a conflict keeps both states until the person has chosen', () => {
  const conflict = clash(sent(1), 'a', theirs(9, 4))
  expect(conflict.get('a')).toMatchObject({ state: 'conflict', wanted: shape(1), theirs: { version: 4 } })
  expect(resolve(conflict, 'a', { keep: 'mine' }).get('a')).toMatchObject({ state: 'waiting', version: 4, wanted: shape(1) })
  expect(resolve(conflict, 'a', { keep: 'theirs' }).size).toBe(0)
  expect([...resolve(conflict, 'a', { keep: 'both', newUid: 'n' }).values()]).toMatchObject([{ uid: 'n', version: 0, wanted: shape(1) }])
  const union = shape(5).paths
  expect(resolve(conflict, 'a', { keep: 'union', paths: union }).get('a')).toMatchObject({ state: 'waiting', version: 4, wanted: shape(5) })
})

test('editing during a conflict changes what is ours and stays a conflict', () => {
  const edited = want(clash(sent(1), 'a', theirs(9, 4)), 'a', 901, shape(5), 4)
  expect(edited.get('a')).toMatchObject({ state: 'conflict', wanted: shape(5) })
})

test('deleting what somebody else deleted is no conflict', () => {
  const deleting = sending(want(empty, 'a', 901, null, 3), 'a')
  expect(clash(deleting, 'a', theirs(1, 4, true)).size).toBe(0)
})

test('a refused region waits for a change', () => {
  const no = refused(sent(1), 'a', 'outside the section')
  expect(saveWord(no, false)).toBe('not saved: look')
  expect(want(no, 'a', 901, shape(2), 3).get('a')).toMatchObject({ state: 'waiting', message: undefined })
})

test('the save state is a word', () => {
  const one = want(empty, 'a', 901, shape(1), 3)
  const two = want(one, 'b', 901, shape(1), 0)
  expect([saveWord(empty, true), saveWord(one, false), saveWord(one, true), saveWord(two, true)]).toEqual([
    'saved', 'saving', '1 change, offline', '2 changes, offline',
  ])
  expect(saveWord(clash(sent(1), 'a', theirs(9, 4)), true)).toBe('conflict: look')
})
