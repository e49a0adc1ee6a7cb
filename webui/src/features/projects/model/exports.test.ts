import { expect, test } from 'vitest'

import type { SectionState } from '@/api/types'

import { exportUrl, nothingToExport } from './exports'

const state = (number: number, annotated: boolean, predicted: boolean): SectionState => ({
  number, thumbnail_url: '', marks: [{ area: 'hOc1', annotated, predicted, verdict: null, mean_confidence: null, doubt: null }],
})

test('an export is of one section or of all', () => {
  expect(exportUrl('demo', 'png', 'annotations', 901)).toBe('/api/projects/demo/export?format=png&source=annotations&section=901')
  expect(exportUrl('demo', 'csv', 'predictions')).toBe('/api/projects/demo/export?format=csv&source=predictions')
})

test('where there is nothing to export, words say so', () => {
  const sections = [state(901, true, false), state(911, false, true)]
  expect(nothingToExport(sections, 'annotations', 901)).toBe('')
  expect(nothingToExport(sections, 'predictions', 901)).toBe('Nothing is predicted on this section yet.')
  expect(nothingToExport(sections, 'predictions')).toBe('')
  expect(nothingToExport([], 'annotations')).toBe('Nothing is annotated in this project yet.')
})
