/** A brain's surface with what was found on it: arrays by node, as a midsurface or graph job left them. */
import { readSafetensors, SafetensorsError, type Tensor } from './safetensors'

export interface Surface {
  vertices_mm: Float32Array // x, y, z of each node
  triangles: Int32Array
  section: Int32Array // -1: on none
  point_um: Float32Array // x, y of each node on its section
  found?: Int16Array // index of the area given
  probability?: Uint8Array // times 255
  annotated?: Int16Array // index of the area annotated, -1: none
  split?: Uint8Array
}

export const SPLITS = ['not annotated', 'for training', 'for test', 'on a brain held out'] as const

type Shapes = Float32Array | Int32Array | Int16Array | Uint8Array

/** The surface in a file; throws SafetensorsError when it lacks what every surface has. */
export function readSurface(file: ArrayBuffer): Surface {
  const arrays = readSafetensors(file)
  const vertices_mm = take(arrays, 'vertices_mm', Float32Array)
  const nodes = vertices_mm.length / 3
  const ofNodes = <T extends Shapes>(name: string, type: new (count: number) => T, width = 1): T => {
    const values = take(arrays, name, type)
    if (values.length !== nodes * width) throw new SafetensorsError(`The array ${name} is not of ${nodes} nodes.`)
    return values
  }
  const surface: Surface = {
    vertices_mm,
    triangles: take(arrays, 'triangles', Int32Array),
    section: ofNodes('section', Int32Array),
    point_um: ofNodes('point_um', Float32Array, 2),
  }
  if (!arrays.has('area')) return surface
  return {
    ...surface,
    found: ofNodes('area', Int16Array),
    probability: ofNodes('probability', Uint8Array),
    annotated: ofNodes('annotated', Int16Array),
    split: ofNodes('split', Uint8Array),
  }
}

function take<T extends Shapes>(arrays: Map<string, Tensor>, name: string, type: new (count: number) => T): T {
  const values = arrays.get(name)?.values
  if (!(values instanceof type)) throw new SafetensorsError(`The file holds no array ${name} of its kind.`)
  return values
}

/** The nodes of each section, by its number in order; nodes on no section are in none. */
export function nodesBySection({ section }: Surface): Map<number, number[]> {
  const found = new Map<number, number[]>()
  section.forEach((number, node) => {
    if (number < 0) return
    const nodes = found.get(number)
    if (nodes) nodes.push(node)
    else found.set(number, [node])
  })
  return new Map([...found].sort(([a], [b]) => a - b))
}

export type Axis = 0 | 1 | 2

/** The mean of one coordinate of some nodes, in mm: where their section cuts that axis of the brain. */
export const meanAlong = ({ vertices_mm }: Surface, nodes: readonly number[], axis: Axis): number =>
  nodes.reduce((sum, node) => sum + vertices_mm[3 * node + axis]!, 0) / (nodes.length || 1)

/** The axis whose coordinate goes most nearly with the section's number: sections are planes across it. */
export function seriesAxis(surface: Surface): Axis {
  const strength = ([0, 1, 2] as const).map((axis) => Math.abs(correlation(surface, axis)))
  return strength.indexOf(Math.max(...strength)) as Axis
}

function correlation({ section, vertices_mm }: Surface, axis: Axis): number {
  let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0]
  for (let node = 0; node < section.length; node++) {
    const [a, b] = [section[node]!, vertices_mm[3 * node + axis]!]
    if (a < 0) continue
    n++
    x += a
    y += b
    xx += a * a
    yy += b * b
    xy += a * b
  }
  return (n * xy - x * y) / (Math.sqrt((n * xx - x * x) * (n * yy - y * y)) || 1)
}

/** The middle of the surface and the radius of a ball around it that holds all of it. */
export function ballAround({ vertices_mm }: Surface): { centre: [number, number, number]; radius_mm: number } {
  const low = [Infinity, Infinity, Infinity]
  const high = [-Infinity, -Infinity, -Infinity]
  vertices_mm.forEach((value, index) => {
    const axis = index % 3
    if (value < low[axis]!) low[axis] = value
    if (value > high[axis]!) high[axis] = value
  })
  const centre = low.map((value, axis) => (value + high[axis]!) / 2) as [number, number, number]
  let radius_mm = 0
  for (let at = 0; at < vertices_mm.length; at += 3) {
    radius_mm = Math.max(radius_mm, Math.hypot(vertices_mm[at]! - centre[0], vertices_mm[at + 1]! - centre[1], vertices_mm[at + 2]! - centre[2]))
  }
  return { centre, radius_mm }
}

export interface Painting {
  colours: readonly string[] // of the areas, in their order
  neutral: string // of nodes without an area
  hidden: ReadonlySet<number> // indices of areas not to be shown
  fade: boolean // towards neutral where the probability is low
}

/** Red, green and blue of each node as light, from 0 to 1: of the areas annotated, of those found, or neutral all over. */
export function paint(surface: Surface, what: 'annotated' | 'found' | 'plain', { colours, neutral, hidden, fade }: Painting): Float32Array {
  const area = what === 'plain' ? undefined : surface[what]
  const none = light(neutral)
  const table = colours.map((colour, index) => (hidden.has(index) ? none : light(colour)))
  const painted = new Float32Array(surface.section.length * 3)
  for (let node = 0; node < surface.section.length; node++) {
    const full = area && area[node]! >= 0 ? (table[area[node]!] ?? none) : none
    const share = fade && what === 'found' ? surface.probability![node]! / 255 : 1
    for (let part = 0; part < 3; part++) painted[3 * node + part] = none[part]! + share * (full[part]! - none[part]!)
  }
  return painted
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
  const { found, probability, annotated, split, section, point_um } = surface
  return {
    node,
    found: found && areas[found[node]!],
    probability: probability && probability[node]! / 255,
    annotated: annotated && annotated[node]! >= 0 ? areas[annotated[node]!] : undefined,
    split: split && SPLITS[split[node]!],
    section: section[node]! >= 0 ? section[node]! : undefined,
    point_um: [point_um[2 * node]!, point_um[2 * node + 1]!],
  }
}
