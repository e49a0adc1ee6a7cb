import { expect, test } from 'vitest'

import { restack } from './stack'

const stack = [{ uid: 'a', order: 0 }, { uid: 'b', order: 0 }, { uid: 'c', order: 4 }, { uid: 'd', order: 4 }]
const all = () => true

test('front and back go past all, and what is there already stays', () => {
  expect(restack(stack, 'a', 'front', all)).toBe(5)
  expect(restack(stack, 'd', 'back', all)).toBe(-1)
  expect(restack(stack, 'd', 'front', all)).toBe(4)
})

test('one step goes past the next shape that is touched', () => {
  expect(restack(stack, 'a', 'forward', all)).toBe(1)
  expect(restack(stack, 'a', 'forward', (uid) => uid === 'c')).toBe(5)
  expect(restack(stack, 'd', 'backward', all)).toBe(3)
  expect(restack(stack, 'b', 'forward', () => false)).toBe(0)
})
