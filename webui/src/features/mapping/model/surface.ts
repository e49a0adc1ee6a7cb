/** A brain's surface with what was found on it, as it was packed for a picture (core.formats.packed_surface): arrays by node, neighbours close together. */
import { ballOf, type Level, levelsOf, normalsOf, piecesOf } from './mesh'
import { readSafetensors, SafetensorsError, type Tensor } from './safetensors'

export interface Surface {
  vertices_mm: Float32Array // x, y, z of each node
  normals: Int8Array // x, y, z and 0 of each node, times 127
  levels: readonly Level[] // the finest first
  pieces: Float32Array // x, y, z of the middle and the radius of each run of triangles of the finest level
  centre: [number, number, number]
  radius_mm: number // of a ball around the centre that holds all of it
  sections: Int32Array // their numbers in order
  section: Uint16Array // of each node: the section's place in `sections` + 1, 0: on none
  axis: Axis // across which the sections lie
  point_um: Float32Array // x, y of each node on its section
  found?: Uint16Array // of each node: the area's index + 1, and the probability times 255
  annotated?: Uint16Array // the same of the area annotated; 0: none; the probability is 1
  split?: Uint8Array
}

export type Axis = 0 | 1 | 2

export const SPLITS = ['not annotated', 'for training', 'for test', 'on a brain held out'] as const
const SURE = 255

interface Packed {
  low_mm: number[]
  step_mm: number
  low_um: number[]
  step_um: number
}

/** The surface in a file; throws SafetensorsError when it lacks what every surface has. Takes long: for a worker. */
export function readSurface(file: ArrayBuffer): Surface {
  const { arrays, metadata } = readSafetensors(file)
  if (!metadata.packed) throw new SafetensorsError('The file is no packed surface.')
  const { low_mm, step_mm, low_um, step_um } = JSON.parse(metadata.packed) as Packed
  const places = running(arrays, 'vertices', 3, Uint16Array)
  const nodes = places.length / 3
  const ofNodes = <T extends Target>(name: string, width: number, type: Kind<T>): T => {
    const values = running(arrays, name, width, type)
    if (values.length !== nodes * width) throw new SafetensorsError(`The array ${name} is not of ${nodes} nodes.`)
    return values
  }
  const vertices_mm = scaled(places, low_mm, step_mm)
  const triangles = trianglesIn(arrays)
  const [x, y, z, radius_mm] = ballOf(vertices_mm, triangles)
  const section = ofNodes('section', 1, Uint16Array)
  const sections = sectionsIn(arrays)
  const surface: Surface = {
    vertices_mm, section, sections,
    normals: normalsOf(vertices_mm, triangles),
    levels: levelsOf(places, triangles, step_mm),
    pieces: piecesOf(vertices_mm, triangles),
    centre: [x, y, z], radius_mm,
    axis: seriesAxis(vertices_mm, section, sections),
    point_um: scaled(ofNodes('point', 2, Uint16Array), low_um, step_um),
  }
  if (!arrays.has('area')) return surface
  return {
    ...surface,
    found: pairs(ofNodes('area', 1, Int16Array), ofNodes('probability', 1, Uint8Array)),
    annotated: pairs(ofNodes('annotated', 1, Int16Array)),
    split: ofNodes('split', 1, Uint8Array),
  }
}

type Target = Uint8Array | Int16Array | Uint16Array | Uint32Array
type Kind<T> = new (count: number) => T

function take(arrays: Map<string, Tensor>, name: string, width: number): Tensor {
  const found = arrays.get(name)
  if (!(found?.values instanceof Uint8Array) || found.shape.length !== 3 || found.shape[0] !== width) {
    throw new SafetensorsError(`The file holds no array ${name} of its kind.`)
  }
  return found
}

/** Columns written as differences to the row before: all rows, one after the other. */
function running<T extends Target>(arrays: Map<string, Tensor>, name: string, width: number, type: Kind<T>): T {
  const tensor = take(arrays, name, width)
  const values = new type(tensor.shape[2]! * width)
  for (let column = 0; column < width; column++) {
    const steps = differences(tensor, column)
    for (let row = 0, at = column, sum = 0; row < steps.length; row++, at += width) values[at] = sum += steps[row]!
  }
  return values
}

function trianglesIn(arrays: Map<string, Tensor>): Uint32Array {
  const tensor = take(arrays, 'triangles', 3)
  const triangles = new Uint32Array(tensor.shape[2]! * 3)
  const [first, second, third] = [0, 1, 2].map((corner) => differences(tensor, corner)) as [Int32Array, Int32Array, Int32Array]
  for (let row = 0, at = 0, node = 0; row < first.length; row++, at += 3) {
    node += first[row]!
    triangles[at] = node
    triangles[at + 1] = node + second[row]!
    triangles[at + 2] = node + third[row]!
  }
  return triangles
}

function sectionsIn(arrays: Map<string, Tensor>): Int32Array {
  const values = arrays.get('sections')?.values
  if (!(values instanceof Int32Array)) throw new SafetensorsError('The file holds no array sections of its kind.')
  return values.slice()
}

/** The numbers of a column, whose bytes stand apart, low ones first: 2d for a difference d, or -2d - 1 below 0. */
function differences({ shape, values }: Tensor, column: number): Int32Array {
  const [, bytes, rows] = shape as [number, number, number]
  const found = new Int32Array(rows)
  for (let byte = 0, at = column * bytes * rows; byte < bytes; byte++) {
    for (let row = 0; row < rows; row++, at++) found[row]! |= values[at]! << (8 * byte)
  }
  for (let row = 0; row < rows; row++) found[row] = (found[row]! >>> 1) ^ -(found[row]! & 1)
  return found
}

function scaled(steps: Uint16Array, low: readonly number[], step: number): Float32Array {
  const found = new Float32Array(steps.length)
  for (let column = 0; column < low.length; column++) {
    for (let at = column; at < steps.length; at += low.length) found[at] = low[column]! + steps[at]! * step
  }
  return found
}

/** Two numbers a node, as graphics read them. */
function pairs(areas: Int16Array, sure?: Uint8Array): Uint16Array {
  const found = new Uint16Array(2 * areas.length)
  for (let node = 0; node < areas.length; node++) {
    found[2 * node] = areas[node]! + 1
    found[2 * node + 1] = sure ? sure[node]! : SURE
  }
  return found
}

/** The nodes of a section, by its place in `sections`. */
export function nodesOf({ section }: Surface, place: number): number[] {
  const nodes = []
  for (let node = 0; node < section.length; node++) if (section[node] === place + 1) nodes.push(node)
  return nodes
}

/** The mean of one coordinate of some nodes, in mm: where their section cuts that axis of the brain. */
export const meanAlong = ({ vertices_mm }: Surface, nodes: readonly number[], axis: Axis): number =>
  nodes.reduce((sum, node) => sum + vertices_mm[3 * node + axis]!, 0) / (nodes.length || 1)

/** The axis whose coordinate goes most nearly with the section's number: sections are planes across it. */
function seriesAxis(vertices_mm: Float32Array, section: Uint16Array, sections: Int32Array): Axis {
  const strength = ([0, 1, 2] as const).map((axis) => {
    let n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0
    for (let node = 0; node < section.length; node++) {
      if (!section[node]) continue
      const a = sections[section[node]! - 1]!
      const b = vertices_mm[3 * node + axis]!
      n++
      x += a
      y += b
      xx += a * a
      yy += b * b
      xy += a * b
    }
    return Math.abs((n * xy - x * y) / (Math.sqrt((n * xx - x * x) * (n * yy - y * y)) || 1))
  })
  return strength.indexOf(Math.max(...strength)) as Axis
}

export interface Painting {
  colours: readonly string[] // of the areas, in their order
  neutral: string // of nodes without an area
  hidden: ReadonlySet<number> // indices of areas not to be shown
}

/** Red, green, blue and 1 as light, from 0 to 1: of nodes without an area, and then of each area. */
export function palette({ colours, neutral, hidden }: Painting): Float32Array {
  const all = [neutral, ...colours.map((colour, index) => (hidden.has(index) ? neutral : colour))]
  return Float32Array.from(all.flatMap((colour) => [...light(colour), 1]))
}

type Light = readonly [number, number, number]

/** "#ff8000" as the light it stands for (linear, from 0 to 1): lamps are reckoned with in light, not in the screen's numbers. */
export const light = (colour: string): Light =>
  [1, 3, 5].map((from) => {
    const value = Number.parseInt(colour.slice(from, from + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as unknown as Light

export interface Picked {
  node: number
  found?: string
  probability?: number
  annotated?: string
  split?: string
  section?: number
  point_um: [number, number]
}

/** What there is to say of a node. */
export function pickedNode(surface: Surface, areas: readonly string[], node: number): Picked {
  const { found, annotated, split, section, sections, point_um } = surface
  return {
    node,
    found: found && areas[found[2 * node]! - 1],
    probability: found && found[2 * node + 1]! / SURE,
    annotated: annotated && areas[annotated[2 * node]! - 1],
    split: split && SPLITS[split[node]!],
    section: section[node] ? sections[section[node]! - 1] : undefined,
    point_um: [point_um[2 * node]!, point_um[2 * node + 1]!],
  }
}
