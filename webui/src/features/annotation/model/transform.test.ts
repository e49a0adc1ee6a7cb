import { expect, test } from 'vitest'

import type { Paths } from '@/api/types'

import { about, shift, transformed, turn } from './transform'

const paths: Paths = [[[0, 0], [100, 0, -10, 5, 10, -5], [100, 50], [0, 50]]]

test('a move takes nodes along and leaves handles as they are', () => {
  expect(transformed(paths, shift([10, -20]))[0]![1]).toEqual([110, -20, -10, 5, 10, -5])
})

test('a quarter about the middle turns nodes and handles, and four make the whole', () => {
  const quarter = about([50, 25], turn(Math.PI / 2))
  expect(transformed(paths, quarter)[0]![0]).toEqual([75, -25])
  expect(transformed(paths, quarter)[0]![1]).toEqual([75, 75, -5, -10, 5, 10])
  expect([0, 1, 2, 3].reduce((now) => transformed(now, quarter), paths)).toEqual(paths)
})
