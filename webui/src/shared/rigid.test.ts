import { expect, test } from 'vitest'

import { affineOf, after, IDENTITY, inverse, invertAffine, map, mirrored, type Point, shifted, turned } from './rigid'

const POINTS: Point[] = [[0, 0], [1000, 0], [-300, 70], [12.5, 90_000]]
const plain = { angle_rad: 0.4, dx_um: 120, dy_um: -35, mirrored: false }
const flipped = { angle_rad: -2.6, dx_um: 7000, dy_um: 12, mirrored: true }

function expectSame(found: Point, wanted: Point) {
  expect(found[0]).toBeCloseTo(wanted[0], 6)
  expect(found[1]).toBeCloseTo(wanted[1], 6)
}

test('a positive angle turns clockwise on screen, and the mirror comes before the turn', () => {
  expectSame(map(affineOf({ ...IDENTITY, angle_rad: Math.PI / 2 }), [1, 0]), [0, 1])
  expectSame(map(affineOf({ ...IDENTITY, angle_rad: Math.PI / 2, mirrored: true }), [1, 0]), [0, -1])
})

test.each([plain, flipped])('the inverse is rigid and leads back, for an affine too', (transform) => {
  for (const point of POINTS) {
    const there = map(affineOf(transform), point)
    expectSame(map(affineOf(inverse(transform)), there), point)
    expectSame(map(invertAffine(affineOf(transform)), there), point)
  }
  expect(inverse(transform).mirrored).toBe(transform.mirrored)
})

test('after() applies the inner transform first', () => {
  const both = after(affineOf(plain), affineOf(flipped))
  for (const point of POINTS) expectSame(map(both, point), map(affineOf(plain), map(affineOf(flipped), point)))
})

test.each([plain, flipped])('turning about a point keeps what lies there, and shifting shifts', (transform) => {
  const pivot: Point = [400, 900]
  const source = map(affineOf(inverse(transform)), pivot)
  expectSame(map(affineOf(turned(transform, 0.3, pivot)), source), pivot)
  const [x, y] = map(affineOf(transform), [5, 6])
  expectSame(map(affineOf(shifted(transform, 10, -4)), [5, 6]), [x + 10, y - 4])
})

test.each([plain, flipped])('mirroring about a place swaps left and right of it; twice is as before', (transform) => {
  const centre: Point = [400, 900]
  const [x, y] = map(affineOf(transform), [5, 6])
  const once = mirrored(transform, centre)
  expectSame(map(affineOf(once), [5, 6]), [800 - x, y])
  expectSame(map(affineOf(mirrored(once, centre)), [5, 6]), [x, y])
})
