import { describe, expect, it } from 'vitest'

import { SafetensorsError } from './safetensors'
import { light, meanAlong, nodesOf, palette, pickedNode, readSurface } from './surface'
import { rowArrays, rowFile, safetensorsOf } from './testFiles'

const surface = () => readSurface(rowFile())
const AREAS = ['hOc1', 'hOc2']

describe('a packed surface', () => {
  it('is read with places, triangles and what a graph found on it, or without that', () => {
    expect(surface().vertices_mm).toEqual(new Float32Array([0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 5, 1]))
    expect(surface().levels[0]!.triangles).toEqual(new Uint32Array([0, 1, 2, 1, 2, 3]))
    expect(surface().found).toEqual(new Uint16Array([1, 255, 2, 51, 2, 0, 1, 255]))
    expect(surface().annotated).toEqual(new Uint16Array([1, 255, 0, 255, 0, 255, 2, 255]))
    const bare = Object.fromEntries(Object.entries(rowArrays()).filter(([name]) => name !== 'area'))
    expect(readSurface(rowFile(bare)).found).toBeUndefined()
  })

  it('is refused when it is none, or an array is missing, of another kind or of another length', () => {
    const { triangles, ...without } = rowArrays()
    expect(triangles).toBeDefined()
    expect(() => readSurface(rowFile(without))).toThrow(SafetensorsError)
    expect(() => readSurface(safetensorsOf(rowArrays()))).toThrow('no packed surface')
    expect(() => readSurface(rowFile({ ...rowArrays(), section: [[4], new Float32Array(4)] }))).toThrow('section')
    expect(() => readSurface(rowFile({ ...rowArrays(), area: [[1, 1, 3], new Uint8Array(3)] }))).toThrow('4 nodes')
  })

  it('knows its sections, their nodes and the axis across which they lie', () => {
    expect(surface().sections).toEqual(new Int32Array([1, 2]))
    expect([0, 1].map((place) => nodesOf(surface(), place))).toEqual([[0, 1], [2]])
    expect(surface().axis).toBe(1)
    expect(meanAlong(surface(), [0, 2], 1)).toBe(2.5)
  })

  it('fits into a ball around its middle', () => {
    const { centre, radius_mm } = surface()
    expect(centre).toEqual([0.5, 2.5, 0.5])
    expect(radius_mm).toBeCloseTo(Math.hypot(0.5, 2.5, 0.5), 2)
  })

  it('tells of a node what was found, how surely, what was annotated and where it lies', () => {
    expect(pickedNode(surface(), AREAS, 0)).toMatchObject({ found: 'hOc1', probability: 1, annotated: 'hOc1', split: 'for training', section: 1, point_um: [10, 20] })
    expect(pickedNode(surface(), AREAS, 3)).toMatchObject({ annotated: 'hOc2', split: 'for test', section: undefined })
    expect(pickedNode(surface(), AREAS, 2).point_um).toEqual([50, 6000])
    expect(pickedNode(surface(), AREAS, 1).annotated).toBeUndefined()
  })
})

describe('colours', () => {
  it('stand in a table: that of nodes without an area, which hidden areas have too, and then one for each area', () => {
    const colours = palette({ colours: ['#ff0000', '#0000ff'], neutral: '#000000', hidden: new Set([1]) })
    expect([...colours]).toEqual([0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1])
  })

  it('are taken as light, of which half the number on screen is a fifth', () => {
    expect(light('#ff8000').map((part) => part.toFixed(3))).toEqual(['1.000', '0.216', '0.000'])
  })
})
