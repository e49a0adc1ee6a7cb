import { expect, test } from 'vitest'

import type { PathPoint, Paths } from '@/api/types'

import { handleMovedTogether, movedTogether, nodeAdded, nodeRemoved, onOutline, type Outline, sharers } from './borders'

const region = (uid: string, ...paths: Paths): Outline => ({ uid, paths, shape: 'region' })
const LEFT = region('left', [[0, 0], [100, 0], [100, 50], [100, 100], [0, 100]])
const RIGHT = region('right', [[100, 100], [100, 50], [100, 0], [200, 0], [200, 100]])
const FAR = region('far', [[500, 0], [600, 0], [600, 100]])

test('a place is shared by the other regions that have a node there to a hundredth of a µm', () => {
  const off = region('off', [[100.02, 50], [300, 0], [300, 100]])
  const close = region('close', [[100.01, 50], [300, 0], [300, 100]])
  expect(sharers([LEFT, RIGHT, FAR, off, close], 'left', [100, 50]).map(({ uid }) => uid)).toEqual(['right', 'close'])
})

test('lines and notes share no border', () => {
  expect(sharers([LEFT, { ...RIGHT, shape: 'line' }], 'left', [100, 50])).toEqual([])
})

test('a shared node moves in all regions that have it and keeps its handles', () => {
  const curved = region('curved', [[100, 50, 0, 10, 0, -10], [200, 0], [200, 100]])
  const moved = movedTogether([RIGHT, curved], [100, 50], [120, 55])
  expect(moved.get('right')![0]![1]).toEqual([120, 55])
  expect(moved.get('curved')![0]![0]).toEqual([120, 55, 0, 10, 0, -10])
})

test('a handle moves with the same curve of a neighbour that goes the other way, and leaves its own curve alone', () => {
  const node: PathPoint = [100, 50, 0, -10, 0, 10]
  const turned = region('turned', [[100, 50, 0, 10, 30, 0], [200, 0], [200, 100]])
  const moved = handleMovedTogether([turned, FAR], node, 'out', [110, 70], false)
  expect([...moved.keys()]).toEqual(['turned'])
  expect(moved.get('turned')![0]![0]).toEqual([100, 50, 10, 20, 30, 0])
})

test('a node that is added on a shared stretch is added in every region that passes through the place', () => {
  const changed = nodeAdded([LEFT, RIGHT, FAR], [100, 20])
  expect(changed.get('left')![0]).toEqual([[0, 0], [100, 0], [100, 20], [100, 50], [100, 100], [0, 100]])
  expect(changed.get('right')![0]).toEqual([[100, 100], [100, 50], [100, 20], [100, 0], [200, 0], [200, 100]])
  expect(changed.has('far')).toBe(false)
})

test('where there is a node already none is added', () => {
  expect(nodeAdded([LEFT], [100, 50]).size).toBe(0)
})

test('the nearest place of a curve lies on the curve, whichever way it is gone', () => {
  const curve: Paths = [[[0, 0, 0, 0, 0, 400], [900, 0, 0, 400, 0, 0], [400, -500]]]
  const back: Paths = [[[900, 0, 0, 0, 0, 400], [0, 0, 0, 400, 0, 0], [400, -500]]]
  const found = onOutline(curve, [310, 280], 50)!
  expect(onOutline(back, found.at, 0.02)!.t).toBeCloseTo(1 - found.t, 4)
  expect(nodeAdded([region('back', ...back)], found.at).size).toBe(1)
})

test('a node is taken away in the others only between the same two neighbours', () => {
  expect(nodeRemoved([RIGHT], LEFT.paths[0]!, 2).get('right')![0]).toHaveLength(4)
  expect(nodeRemoved([RIGHT], LEFT.paths[0]!, 1).size).toBe(0) // the end of the shared stretch
})

test('a neighbour that would have too few nodes left keeps them', () => {
  const triangle = region('triangle', [[100, 0], [100, 50], [100, 100]])
  expect(nodeRemoved([triangle], LEFT.paths[0]!, 2).size).toBe(0)
})
