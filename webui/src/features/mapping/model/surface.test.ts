import { describe, expect, it } from 'vitest'

import { SafetensorsError } from './safetensors'
import { ballAround, light, meanAlong, nodesBySection, paint, pickedNode, readSurface, seriesAxis } from './surface'
import { rowArrays, safetensorsOf } from './testFiles'

const surface = () => readSurface(safetensorsOf(rowArrays()))
const AREAS = ['hOc1', 'hOc2']
const PAINTING = { colours: ['#ff0000', '#0000ff'], neutral: '#000000', hidden: new Set<number>(), fade: false }
const colour = (painted: Float32Array, node: number) => [...painted.slice(3 * node, 3 * node + 3)].map((part) => Math.round(255 * part))

describe('a surface', () => {
  it('is read with what a graph found on it, or without', () => {
    expect(surface().found).toEqual(new Int16Array([0, 1, 1, 0]))
    const bare = Object.fromEntries(Object.entries(rowArrays()).filter(([name]) => name !== 'area'))
    expect(readSurface(safetensorsOf(bare)).found).toBeUndefined()
  })

  it('is refused when an array is missing, of another kind or of another length', () => {
    const { triangles, ...without } = rowArrays()
    expect(triangles).toBeDefined()
    expect(() => readSurface(safetensorsOf(without))).toThrow(SafetensorsError)
    expect(() => readSurface(safetensorsOf({ ...rowArrays(), section: [[4], new Float32Array(4)] }))).toThrow('section')
    expect(() => readSurface(safetensorsOf({ ...rowArrays(), area: [[3], new Int16Array(3)] }))).toThrow('4 nodes')
  })

  it('knows its sections, their nodes and the plane in which they lie', () => {
    expect([...nodesBySection(surface())]).toEqual([[1, [0, 1]], [2, [2]]])
    expect(seriesAxis(surface())).toBe(1)
    expect(meanAlong(surface(), [0, 2], 1)).toBe(2.5)
  })

  it('fits into a ball around its middle', () => {
    const { centre, radius_mm } = ballAround(surface())
    expect(centre).toEqual([0.5, 2.5, 0.5])
    expect(radius_mm).toBeCloseTo(Math.hypot(0.5, 2.5, 0.5))
  })

  it('is painted in the colours of its areas, neutral where there is none or where an area is hidden', () => {
    const found = paint(surface(), 'found', PAINTING)
    expect([0, 1].map((node) => colour(found, node))).toEqual([[255, 0, 0], [0, 0, 255]])
    const annotated = paint(surface(), 'annotated', { ...PAINTING, hidden: new Set([1]) })
    expect([0, 1, 3].map((node) => colour(annotated, node))).toEqual([[255, 0, 0], [0, 0, 0], [0, 0, 0]])
    expect(colour(paint(surface(), 'plain', PAINTING), 0)).toEqual([0, 0, 0])
  })

  it('fades towards neutral as far as what was found is unsure', () => {
    const faded = paint(surface(), 'found', { ...PAINTING, fade: true })
    expect([0, 1, 2].map((node) => colour(faded, node))).toEqual([[255, 0, 0], [0, 0, 51], [0, 0, 0]])
  })

  it('takes colours as light, of which half the number on screen is a fifth', () => {
    expect(light('#ff8000').map((part) => part.toFixed(3))).toEqual(['1.000', '0.216', '0.000'])
  })

  it('tells of a node what was found, how surely, what was annotated and where it lies', () => {
    expect(pickedNode(surface(), AREAS, 0)).toMatchObject({ found: 'hOc1', probability: 1, annotated: 'hOc1', split: 'for training', section: 1, point_um: [10, 20] })
    expect(pickedNode(surface(), AREAS, 3)).toMatchObject({ annotated: 'hOc2', split: 'for test', section: undefined })
    expect(pickedNode(surface(), AREAS, 1).annotated).toBeUndefined()
  })
})
