import { expect, test } from 'vitest'

import { keyName } from './useHotkeys'

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey', boolean>> = {}) =>
  keyName({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...held })

test('keys are named as on the keyboard: Shift counts with letters, in other signs it is a part already', () => {
  expect(press('a')).toBe('a')
  expect(press('A')).toBe('a') // caps lock
  expect(press('A', { shiftKey: true })).toBe('Shift+a')
  expect(press('?', { shiftKey: true })).toBe('?')
  expect(press('Enter', { shiftKey: true })).toBe('Shift+Enter')
})

test('Ctrl and Cmd are the same modifier', () => {
  expect(press('z', { ctrlKey: true })).toBe('Mod+z')
  expect(press('Z', { metaKey: true, shiftKey: true })).toBe('Mod+Shift+z')
})
