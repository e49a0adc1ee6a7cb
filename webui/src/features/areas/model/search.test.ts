import { expect, test } from 'vitest'

import type { Area } from '@/api/types'

import { searchAreas } from './search'

const area = (name: string, more: Partial<Area> = {}): Area => ({ name, long_name: `Area ${name}`, colour: '#123456', lobe: '', aliases: [], ...more })
const AREAS = [
  area('hOc2', { aliases: ['V2', '18'], lobe: 'occipital lobe' }),
  area('hOc1', { aliases: ['V1', '17'], lobe: 'occipital lobe', long_name: 'Area hOc1, calcarine sulcus' }),
  area('4a', { lobe: 'frontal lobe', aliases: ['M1'] }),
  area('44', { lobe: 'frontal lobe' }),
]
const found = (query: string) => searchAreas(AREAS, query).map((one) => one.name)

test('the name goes before another name, and that before words about the area', () => {
  expect(found('4')).toEqual(['4a', '44'])
  expect(found('44')).toEqual(['44'])
  expect(found('V1')).toEqual(['hOc1'])
  expect(found('calcarine')).toEqual(['hOc1'])
})

test('small and capital letters are the same, and nothing asked is everything in order', () => {
  expect(found('HOC')).toEqual(['hOc2', 'hOc1'])
  expect(found('  ')).toEqual(['hOc2', 'hOc1', '4a', '44'])
})

test('several words about an area all have to fit', () => {
  expect(found('occip lobe')).toEqual(['hOc2', 'hOc1'])
  expect(found('occip sulcus')).toEqual(['hOc1'])
  expect(found('nowhere')).toEqual([])
})
