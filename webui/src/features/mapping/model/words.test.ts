import { expect, it } from 'vitest'

import { partWords } from './words'

const part = (change: object) => partWords({
  name: 'left', vertices: 10, triangles: 16, euler: 2, boundary_edges: 0, non_manifold_edges: 0, area_mm2: 1234.4, ...change,
})

it('tells the shape of a piece of surface by its Euler characteristic', () => {
  expect(part({})).toBe(`left: ${(1234).toLocaleString()} mm², closed like a sphere`)
  expect(part({ euler: 1, boundary_edges: 40 })).toContain('open like a disk')
  expect(part({ euler: -2 })).toContain('with 2 handles')
  expect(part({ euler: -3, boundary_edges: 9 })).toContain('of Euler characteristic -3')
  expect(part({ non_manifold_edges: 1 })).toContain('1 edge where more than two triangles meet')
})
