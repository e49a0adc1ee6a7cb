import { describe, expect, it } from 'vitest'

import { ballOf, levelsOf, nodeAlong, normalsOf, PIECE, piecesOf } from './mesh'

/** A flat square of nodes a step apart, `side` to a side, in the order of the curve; z is 0. Its triangles turn upwards. */
function square(side: number): { places: Uint16Array; triangles: Uint32Array } {
  const spread = Array.from({ length: side }, (_, value) => Number.parseInt(value.toString(2), 4)) // each bit in two places
  const nodes = Array.from({ length: side * side }, (_, index) => [index % side, Math.floor(index / side)] as const)
  nodes.sort(([a, b], [c, d]) => spread[a]! + 2 * spread[b]! - spread[c]! - 2 * spread[d]!)
  const number = new Map(nodes.map(([x, y], index) => [x + side * y, index]))
  const at = (x: number, y: number) => number.get(x + side * y)!
  const triangles = nodes.flatMap(([x, y]) =>
    x + 1 < side && y + 1 < side ? [[at(x, y), at(x + 1, y), at(x, y + 1)], [at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)]] : [])
  triangles.sort((a, b) => Math.min(...a) - Math.min(...b))
  return { places: new Uint16Array(nodes.flatMap(([x, y]) => [x, y, 0])), triangles: new Uint32Array(triangles.flat()) }
}

const flat = (side: number) => {
  const { places, triangles } = square(side)
  const vertices_mm = Float32Array.from(places)
  return { places, vertices_mm, levels: [{ triangles, cell_mm: 0 }], pieces: piecesOf(vertices_mm, triangles) }
}
const down = (x: number, y: number, z = 10) => ({ from: [x, y, z], along: [0, 0, -1] }) as const
const everywhere = () => true

describe('levels of a mesh', () => {
  it('of few triangles are the mesh itself', () => {
    const { places, triangles } = square(8)
    expect(levelsOf(places, triangles, 1)).toEqual([{ triangles, cell_mm: 0 }])
  })

  it('of many get coarser ones beside it, of one node of each cube', () => {
    const { places, triangles } = square(160)
    const steps = places.map((value) => value * 64) // a power of two, so they stay in order
    const levels = levelsOf(steps, triangles, 0.005)
    expect(levels.map(({ cell_mm }) => cell_mm)).toEqual([0, 0.64])
    expect(levels[1]!.triangles.length).toBeLessThan(triangles.length / 3)
    const cubes = new Map<string, Set<number>>()
    for (const node of levels[1]!.triangles) {
      const cube = [0, 1].map((axis) => steps[3 * node + axis]! >> 7).join()
      cubes.set(cube, (cubes.get(cube) ?? new Set()).add(node))
    }
    expect([...cubes.values()].every(({ size }) => size === 1)).toBe(true)
    expect(cubes.size).toBe(Math.ceil((159 * 64 + 1) / 128) ** 2)
  })
})

describe('a mesh', () => {
  it('has normals that look to the side where its triangles turn left', () => {
    const { places, triangles } = square(3)
    expect([...normalsOf(Float32Array.from(places), triangles).slice(0, 8)]).toEqual([0, 0, 127, 0, 0, 0, 127, 0])
  })

  it('lies in balls, one for each run of its triangles', () => {
    const { vertices_mm, levels, pieces } = flat(40)
    const { triangles } = levels[0]!
    expect(pieces).toHaveLength(4 * Math.ceil(triangles.length / 3 / PIECE))
    const beyond = [...triangles].filter((node, index) => {
      const ball = 4 * Math.floor(index / 3 / PIECE)
      return Math.hypot(...[0, 1, 2].map((axis) => vertices_mm[3 * node + axis]! - pieces[ball + axis]!)) > pieces[ball + 3]!
    })
    expect(beyond).toEqual([])
    expect(ballOf(vertices_mm, new Uint32Array([0])).slice(0, 3)).toEqual([0, 0, 0])
  })

  it('is met by a ray at the nearest node, from either side, or beside it not at all', () => {
    const mesh = flat(40)
    const placeOf = (node: number | undefined) => node !== undefined && [...mesh.vertices_mm.subarray(3 * node, 3 * node + 3)]
    expect(placeOf(nodeAlong(mesh, down(17.2, 33.4), everywhere))).toEqual([17, 33, 0])
    expect(placeOf(nodeAlong(mesh, { from: [3.9, 5.8, -4], along: [0, 0, 1] }, everywhere))).toEqual([4, 6, 0])
    expect(nodeAlong(mesh, down(41, 3), everywhere)).toBeUndefined()
    expect(nodeAlong(mesh, down(5, 5, -1), everywhere)).toBeUndefined() // it lies behind
  })

  it('is met where it is shown, behind what is cut away', () => {
    const { places, triangles } = square(4)
    const nodes = places.length / 3
    const vertices_mm = new Float32Array([...places, ...places].map((value, index) => (index % 3 === 2 ? (index < 3 * nodes ? 5 : 0) : value)))
    const both = new Uint32Array([...triangles, ...triangles.map((node) => node + nodes)])
    const mesh = { vertices_mm, levels: [{ triangles: both, cell_mm: 0 }], pieces: piecesOf(vertices_mm, both) }
    expect(nodeAlong(mesh, down(1.1, 1.1), everywhere)! < nodes).toBe(true)
    expect(nodeAlong(mesh, down(1.1, 1.1), ([, , z]) => z < 2)! >= nodes).toBe(true)
  })
})
