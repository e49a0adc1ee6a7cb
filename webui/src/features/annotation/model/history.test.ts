import { expect, test } from 'vitest'

import { type Edit, emptyHistory, outlined, redo, remember, type Shape, undo } from './history'

const shape = (x: number): Shape => outlined('hOc1', [[[x, 0], [1, 0], [0, 1]]])
const drawn: Edit = { uid: 'a', before: undefined, after: shape(1) }
const moved: Edit = { uid: 'a', before: shape(1), after: shape(2) }

test('undo walks back edit by edit and redo forward again', () => {
  const full = remember(remember(emptyHistory, drawn), moved)
  const first = undo(full)!
  expect(first.edit).toEqual({ uid: 'a', before: shape(2), after: shape(1) })
  const second = undo(first.history)!
  expect(second.edit.after).toBeUndefined()
  expect(undo(second.history)).toBeUndefined()
  expect(redo(second.history)!.edit).toEqual(drawn)
})

test('a new edit forgets what was undone', () => {
  const back = undo(remember(emptyHistory, drawn))!.history
  expect(redo(remember(back, moved))).toBeUndefined()
})
