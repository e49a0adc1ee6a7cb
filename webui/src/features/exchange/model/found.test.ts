import { expect, test } from 'vitest'

import type { RecognisedImport } from '@/api/types'

import { chosen, contents, preview, proposed, summary, willStore } from './found'

const shape = (name: string) => ({ name, shape: 'region' as const, paths: [[[0, 0], [9, 0], [9, 9]]], text: '' })
const section = (number: number | null, names: string[], problem = '') => ({
  file: 'a.json', section: number, format: 'svg', words: '', coordinates: '' as const, notes: [], problem,
  shapes: names.map(shape), regions: names.length, lines: 0, texts: 0,
})
const found = {
  sections: [section(901, ['V1', 'cloud']), section(911, ['V1']), section(null, ['V1'], 'no section')],
  names: [{ name: 'V1', shapes: 2, area: 'hOc1' }, { name: 'cloud', shapes: 1, area: null }],
} as unknown as RecognisedImport

test('proposed areas are taken, and what the person chose before stays', () => {
  expect(proposed(found)).toEqual({ V1: 'hOc1', cloud: '' })
  expect(proposed(found, { V1: '', other: 'x' })).toEqual({ V1: '', cloud: '' })
})

test('names without an area are not imported', () => {
  expect(chosen({ V1: 'hOc1', cloud: '' })).toEqual({ V1: 'hOc1' })
  expect(willStore(found, { V1: 'hOc1', cloud: '' })).toBe(2)
})

test('what was found is told in words, without what cannot be imported', () => {
  expect(contents({ regions: 1, lines: 2, texts: 0 })).toBe('1 region, 2 lines')
  expect(contents({ regions: 0, lines: 0, texts: 0 })).toBe('nothing')
  expect(summary(found)).toBe('3 regions on 2 sections')
})

test('a preview is dashed and has the colour of its area, white where it has none', () => {
  const drawn = preview(found, { V1: 'hOc1' }, new Map([['hOc1', '#ff0000']]))
  expect(drawn.map(({ colour, dashed }) => [colour, dashed])).toEqual([['#ff0000', true], ['#ffffff', true], ['#ff0000', true]])
})
