import { describe, expect, it } from 'vitest'

import type { PatchPoint } from '@/api/types'

import { groupRows, likenessRows } from './likeness'

const point = (area: string, cluster: number, nearest: number[]) => ({ area, cluster, nearest }) as unknown as PatchPoint
const POINTS = [point('hOc1', 1, [1, 2]), point('hOc1', 1, [0, 2]), point('hOc2', 0, [0, 1]), point('hOc2', 1, [])]

describe('patches that look alike', () => {
  it('lie in groups, of which it is told what they are made of', () => {
    expect(groupRows(POINTS)).toEqual([
      { group: 0, patches: 1, areas: [{ area: 'hOc2', share: 1 }] },
      { group: 1, patches: 3, areas: [{ area: 'hOc1', share: 2 / 3 }, { area: 'hOc2', share: 1 / 3 }] },
    ])
  })

  it('are of the same area, or say which other area is taken for alike', () => {
    expect(likenessRows(POINTS)).toEqual([
      { area: 'hOc2', same: 0, other: { area: 'hOc1', share: 1 } }, { area: 'hOc1', same: 0.5, other: { area: 'hOc2', share: 0.5 } },
    ])
  })
})
