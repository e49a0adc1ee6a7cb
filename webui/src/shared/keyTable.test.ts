import { expect, test } from 'vitest'

import { inForce, keyLabel, readChanges, refusal } from './keyTable'

const commands = [
  { id: 'tool.brush', title: 'Brush', keys: ['b'] },
  { id: 'tissue', title: 'Tissue classes', keys: ['g'] },
]

test('keys are written as they stand on the keyboard', () => {
  expect(['Mod+Shift+z', 'ArrowLeft', '+', ' ', 'Shift+b'].map(keyLabel)).toEqual(['Ctrl+Shift+Z', 'Left', '+', 'Space', 'Shift+B'])
})

test('a changed key takes the place of the declared ones', () => {
  expect(inForce(commands, { tissue: ['x'] }).map(({ keys }) => keys)).toEqual([['b'], ['x']])
})

test('a key that another command has, or that drawing needs, is refused with a word; a freed one is not', () => {
  expect(refusal(commands, {}, 'tool.brush', 'g')).toBe('G is taken: Tissue classes. Change that one first.')
  expect(refusal(commands, { tissue: ['x'] }, 'tool.brush', 'g')).toBe('')
  expect(refusal(commands, {}, 'tool.brush', 'b')).toBe('')
  expect(refusal(commands, {}, 'tool.brush', 'Escape')).toContain('kept')
})

test('what cannot be read as changes counts for nothing', () => {
  expect(readChanges('{"a":["x"],"b":3}')).toEqual({ a: ['x'] })
  expect([null, 'nonsense', '[]', '7'].map(readChanges)).toEqual([{}, {}, {}, {}])
})
