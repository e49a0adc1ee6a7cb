import { expect, test } from 'vitest'

import type { AnnotationRevision } from '@/api/types'

import { area_um2 } from './geometry'
import { outlined } from './history'
import { revisionWords } from './words'

const revision = (side_um: number, more: Partial<AnnotationRevision> = {}): AnnotationRevision => ({
  ...outlined('hOc1', [[[0, 0], [side_um, 0], [side_um, side_um], [0, side_um]]]),
  version: 1, action: 'saved', author: 'anna', at: '2026-01-01T00:00:00Z', source: { kind: 'drawn' }, ...more,
})
const words = (now: AnnotationRevision, before?: AnnotationRevision) => revisionWords(now, before, area_um2)

test('a revision is told by what it changed', () => {
  expect(words(revision(1000))).toBe('drawn')
  expect(words(revision(1000, { source: { kind: 'imported', format: 'qupath', kept: '', name: '' } }))).toBe('imported (qupath)')
  expect(words(revision(2000), revision(1000))).toBe('reshaped, +3.00 mm²')
  expect(words(revision(1000, { area: 'hOc2' }), revision(2000))).toBe('made hOc2, reshaped, -3.00 mm²')
  expect(words(revision(1000, { action: 'deleted' }), revision(1000))).toBe('deleted')
  expect(words(revision(1000, { action: 'restored' }), revision(1000, { action: 'deleted' }))).toBe('restored')
  expect(words(revision(1000), revision(1000))).toBe('saved again')
})
