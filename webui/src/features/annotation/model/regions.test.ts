import { expect, test } from 'vitest'

import type { Annotation } from '@/api/types'

import { outlined, type Shape } from './history'
import { type Outbox, want } from './outbox'
import { merge } from './regions'

const shape = (x: number): Shape => outlined('hOc1', [[[x, 0], [1, 0], [0, 1]]])
const annotation = (uid: string): Annotation => ({
  uid, project: 'p', section: 901, author: 'anna', version: 1, deleted: false, source: { kind: 'drawn' },
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ...shape(0),
})
const empty: Outbox = new Map()

test('what the person wants lies on top of what the server has', () => {
  let outbox = want(empty, 'a', 901, shape(5), 1)
  outbox = want(outbox, 'b', 901, null, 1)
  outbox = want(outbox, 'new', 901, shape(7), 0)
  outbox = want(outbox, 'elsewhere', 911, shape(8), 0)
  const regions = merge([annotation('a'), annotation('b'), annotation('c')], outbox, 901)
  expect(regions.map((region) => [region.uid, region.paths[0]![0]![0]])).toEqual([['a', 5], ['c', 0], ['new', 7]])
})
