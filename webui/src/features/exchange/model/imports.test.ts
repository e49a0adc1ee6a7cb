import { expect, test } from 'vitest'

import type { StoredImport } from '@/api/types'

import { importWords, keptWords, undoneWords } from './imports'

const one = { regions: 12, lines: 1, texts: 0, sections: 5, finished: true } as StoredImport
const left = (section: number, area: string, why = 'changed by ben') => ({ uid: 'f'.repeat(32), section, area, why })

test('an import is told by what it stored and on how many sections, one that broke off as such', () => {
  expect(importWords(one)).toBe('12 regions, 1 line on 5 sections')
  expect(importWords({ ...one, finished: false })).toBe('An import that broke off')
})

test('undoing says how many went and how many were left alone, redoing the same', () => {
  expect(undoneWords({ way: 'undo', moved: 12, kept: [] })).toBe('12 deleted again.')
  expect(undoneWords({ way: 'undo', moved: 0, kept: [left(901, 'hOc1')] })).toBe('Nothing deleted again, 1 kept:')
  expect(undoneWords({ way: 'redo', moved: 2, kept: [left(901, 'hOc1')] })).toBe('2 restored, 1 stay deleted:')
})

test('what was left alone is told section by section, in order, at most twelve of them', () => {
  expect(keptWords([left(921, 'hOc1'), left(901, 'hOc1'), left(921, 'hOc2', 'changed by ada'), left(921, 'hOc1')])).toEqual({
    told: [{ section: 901, words: 'section 0901: hOc1 changed by ben' }, { section: 921, words: 'section 0921: hOc1 changed by ben, hOc2 changed by ada' }],
    more: 0,
  })
  expect(keptWords(Array.from({ length: 15 }, (_, number) => left(number + 1, 'x'))).more).toBe(3)
})
