import { describe, expect, it } from 'vitest'

import type { PatchPoint, Scores } from '@/api/types'

import { confusionCells, dotAt, dots, mixedUp, scoreRows } from './scores'

const scores = (f1: number[], patches: number[], confusion: number[][]): Scores => ({
  macro_f1: 0.5, confusion, areas: f1.map((one, index) => ({ area: `A${index}`, f1: one, precision: one, recall: one, patches: patches[index]! })),
})
const TEST = scores([0.9, 0.2, 0], [10, 5, 0], [[8, 2, 0], [4, 1, 0], [0, 0, 0]])

describe('scores', () => {
  it('are listed worst first; an area without patches has none', () => {
    const rows = scoreRows(['A0', 'A1', 'A2'], scores([0.95, 0.5, 0.4], [40, 40, 40], [[40, 0, 0], [0, 40, 0], [0, 0, 40]]), TEST)
    expect(rows.map(({ area, test, train, patches }) => [area, test, train, patches])).toEqual([
      ['A1', 0.2, 0.5, 5], ['A2', undefined, 0.4, 0], ['A0', 0.9, 0.95, 10],
    ])
  })

  it('say what was taken for what, the most frequent first', () => {
    expect(confusionCells(TEST)).toHaveLength(4)
    expect(mixedUp(TEST)).toEqual(['A1 taken for A0: 4 of 5 (80 %)', 'A0 taken for A1: 2 of 10 (20 %)'])
  })
})

describe('the picture of patches', () => {
  const points = ([[0, 0], [10, 0], [0, 5]] as const).map((at) => ({ at }) as unknown as PatchPoint)

  it('keeps shape and fits the square, upwards being up', () => {
    const placed = dots(points, 120)
    expect(placed.map(({ x, y }) => [x, y])).toEqual([[10, 85], [110, 85], [10, 35]])
  })

  it('has the nearest dot within reach, or none', () => {
    const placed = dots(points, 120)
    expect(dotAt(placed, 13, 83)?.index).toBe(0)
    expect(dotAt(placed, 60, 60)).toBeUndefined()
  })

  it('of a single patch stands in the middle', () => {
    expect(dots(points.slice(0, 1), 120)).toEqual([{ x: 60, y: 60, index: 0 }])
  })
})
