import { expect, test } from 'vitest'

import type { PathPoint, Paths } from '@/api/types'

import { type Edit, edited, editOf, fingerprint, fits, inverse, outlined, type Shape } from './history'

const square: PathPoint[] = [[0, 0], [9, 0], [9, 9], [0, 9]]
const hole: PathPoint[] = [[2, 2], [4, 2], [4, 4]]
const curve: PathPoint[] = [[0, 0, -1, 0, 1, 0], [9, 0], [9, 9]]
const shape = (...paths: Paths): Shape => outlined('hOc1', paths)
const without = (path: PathPoint[], node: number) => path.filter((_, index) => index !== node)
const withNode = (path: PathPoint[], at: number, node: PathPoint) => [...path.slice(0, at), node, ...path.slice(at)]

const STATES: [string, Shape | undefined][] = [
  ['nothing', undefined],
  ['a square', shape(square)],
  ['a node moved', shape([...square.slice(0, 3), [1, 8]])],
  ['its first node gone', shape(without(square, 0))],
  ['its last node gone', shape(without(square, 3))],
  ['a node between', shape(withNode(square, 2, [9, 5]))],
  ['a hole', shape(square, hole)],
  ['the hole first', shape(hole, square)],
  ['two holes alike', shape(square, hole, hole)],
  ['both paths changed', shape(without(square, 1), without(hole, 1))],
  ['handles', shape(curve, hole)],
  ['a line', { ...shape(square), shape: 'line' }],
  ['a note', { ...shape([[3, 3]]), shape: 'note', text: 'a vessel' }],
  ['on top', { ...shape(square), order: 1 }],
  ['another area', outlined('hOc2', [square])],
]

test('between any two states there is an edit that makes one of the other, and back', () => {
  for (const [, before] of STATES) {
    for (const [, after] of STATES) {
      const edit = editOf('a', before, after)
      if (before === after) {
        expect(edit).toBeUndefined()
        continue
      }
      const kept = structuredClone(edit) as Edit // as the shelf gives it back
      expect(fits(kept, before)).toBe(true)
      expect(fits(kept, after)).toBe(false)
      expect(edited(kept, before)).toEqual(after)
      expect(fits(inverse(kept), after)).toBe(true)
      expect(edited(inverse(kept), after)).toEqual(before)
    }
  }
})

test('of a long outline only the nodes that changed are kept', () => {
  const long = Array.from({ length: 20_000 }, (_, index): PathPoint => [index, index % 7])
  const moved = long.map((node, index): PathPoint => (index === 700 ? [700, 99] : node))
  expect(JSON.stringify(editOf('a', shape(long, hole), shape(moved, hole))).length).toBeLessThan(300)
})

test('a state has the same fingerprint whatever way it came: order of facts, whole numbers, minus zero', () => {
  const one = shape([[0, 1], [2, 0], [3, 3]])
  const other = JSON.parse('{"order": 0, "text": "", "paths": [[[0.0, 1.0], [2, 0], [3, 3]]], "shape": "region", "area": "hOc1"}') as Shape
  expect(fingerprint(other)).toBe(fingerprint(one))
  expect(fingerprint(shape([[-0, 1], [2, -0], [3, 3]]))).toBe(fingerprint(one))
  expect(new Set(STATES.map(([, state]) => fingerprint(state))).size).toBe(STATES.length)
})
