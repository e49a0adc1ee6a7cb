/** What is reckoned of a mesh whose nodes lie along a Z-order curve and whose triangles come in the order of their first nodes. */

export interface Level {
  triangles: Uint32Array
  cell_mm: number // nodes in a cube of this side are one; 0: all nodes
}

export interface Ray {
  from: readonly [number, number, number]
  along: readonly [number, number, number] // of length 1
}

export const PIECE = 1024 // triangles in a run
const FIRST_BITS = 7 // a cube of 128 steps is the smallest that nodes are joined in
const MOST_BITS = 11
const FEW = 40_000 // triangles: fewer need no coarser level
const WORTH = 0.6 // a level must have at most this share of the triangles of the one before

/** The mesh itself, then ever coarser ones of some of its nodes: all nodes in a cube become the first of them. */
export function levelsOf(places: Uint16Array, triangles: Uint32Array, step_mm: number): Level[] {
  const levels: Level[] = [{ triangles, cell_mm: 0 }]
  for (let bits = FIRST_BITS; bits <= MOST_BITS; bits++) {
    const finer = levels.at(-1)!.triangles
    if (finer.length <= 3 * FEW) break
    const coarse = joined(finer, firstInCube(places, bits))
    if (coarse.length <= WORTH * finer.length) levels.push({ triangles: coarse, cell_mm: step_mm * 2 ** bits })
  }
  return levels
}

/** Of each node the first one in its cube of 2^bits steps: along the curve the nodes of a cube follow one another. */
function firstInCube(places: Uint16Array, bits: number): Uint32Array {
  const first = new Uint32Array(places.length / 3)
  for (let node = 1, at = 3; node < first.length; node++, at += 3) {
    const same = !((places[at]! ^ places[at - 3]!) >> bits || (places[at + 1]! ^ places[at - 2]!) >> bits || (places[at + 2]! ^ places[at - 1]!) >> bits)
    first[node] = same ? first[node - 1]! : node
  }
  return first
}

function joined(triangles: Uint32Array, first: Uint32Array): Uint32Array {
  const kept = new Uint32Array(triangles.length)
  let end = 0
  for (let at = 0; at < triangles.length; at += 3) {
    const [a, b, c] = [first[triangles[at]!]!, first[triangles[at + 1]!]!, first[triangles[at + 2]!]!]
    if (a === b || b === c || c === a) continue
    kept[end] = a
    kept[end + 1] = b
    kept[end + 2] = c
    end += 3
  }
  return kept.slice(0, end)
}

/** The normals of nodes, triangles counting by their area: x, y, z and 0 of each, times 127. */
export function normalsOf(vertices: Float32Array, triangles: Uint32Array): Int8Array {
  const sums = new Float32Array(vertices.length)
  const add = (node: number, x: number, y: number, z: number) => {
    sums[node]! += x
    sums[node + 1]! += y
    sums[node + 2]! += z
  }
  for (let at = 0; at < triangles.length; at += 3) {
    const a = 3 * triangles[at]!, b = 3 * triangles[at + 1]!, c = 3 * triangles[at + 2]!
    const ux = vertices[b]! - vertices[a]!, uy = vertices[b + 1]! - vertices[a + 1]!, uz = vertices[b + 2]! - vertices[a + 2]!
    const vx = vertices[c]! - vertices[a]!, vy = vertices[c + 1]! - vertices[a + 1]!, vz = vertices[c + 2]! - vertices[a + 2]!
    const x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx
    add(a, x, y, z)
    add(b, x, y, z)
    add(c, x, y, z)
  }
  const normals = new Int8Array((vertices.length / 3) * 4)
  for (let from = 0, to = 0; from < sums.length; from += 3, to += 4) {
    const x = sums[from]!, y = sums[from + 1]!, z = sums[from + 2]!
    const scale = 127 / (Math.sqrt(x * x + y * y + z * z) || 1)
    normals[to] = Math.round(x * scale)
    normals[to + 1] = Math.round(y * scale)
    normals[to + 2] = Math.round(z * scale)
  }
  return normals
}

/** A ball around each run of triangles: x, y, z of its middle, and its radius. */
export function piecesOf(vertices: Float32Array, triangles: Uint32Array): Float32Array {
  const pieces = new Float32Array(Math.ceil(triangles.length / (3 * PIECE)) * 4)
  for (let piece = 0; 4 * piece < pieces.length; piece++) {
    pieces.set(ballOf(vertices, triangles.subarray(3 * PIECE * piece, 3 * PIECE * (piece + 1))), 4 * piece)
  }
  return pieces
}

/** x, y, z of the middle of the box around some nodes, and the radius of a ball around that which holds them. */
export function ballOf(vertices: Float32Array, nodes: Uint32Array): [number, number, number, number] {
  let left = Infinity, right = -Infinity, back = Infinity, front = -Infinity, low = Infinity, high = -Infinity
  for (let index = 0; index < nodes.length; index++) {
    const x = vertices[3 * nodes[index]!]!, y = vertices[3 * nodes[index]! + 1]!, z = vertices[3 * nodes[index]! + 2]!
    if (x < left) left = x
    if (x > right) right = x
    if (y < back) back = y
    if (y > front) front = y
    if (z < low) low = z
    if (z > high) high = z
  }
  const middle = [(left + right) / 2, (back + front) / 2, (low + high) / 2] as const
  let most = 0
  for (let index = 0; index < nodes.length; index++) {
    const x = vertices[3 * nodes[index]!]! - middle[0], y = vertices[3 * nodes[index]! + 1]! - middle[1], z = vertices[3 * nodes[index]! + 2]! - middle[2]
    most = Math.max(most, x * x + y * y + z * z)
  }
  return [...middle, Math.sqrt(most) * 1.0001] // a little more, for what rounding takes
}

interface Meshed {
  vertices_mm: Float32Array
  levels: readonly Level[]
  pieces: Float32Array
}

/** The node nearest to where a ray first meets the mesh at a place that is shown; only runs whose ball it meets are looked at. */
export function nodeAlong({ vertices_mm, levels, pieces }: Meshed, ray: Ray, shown: (place: readonly [number, number, number]) => boolean): number | undefined {
  const { triangles } = levels[0]!
  let [nearest, found] = [Infinity, -1]
  for (let piece = 0; 4 * piece < pieces.length; piece++) {
    if (!meetsBall(pieces.subarray(4 * piece, 4 * piece + 4), ray)) continue
    const end = Math.min(triangles.length, 3 * PIECE * (piece + 1))
    for (let at = 3 * PIECE * piece; at < end; at += 3) {
      const away = distance(vertices_mm, triangles, at, ray)
      if (away < nearest && shown(placeAt(ray, away))) [nearest, found] = [away, at]
    }
  }
  if (found < 0) return undefined
  const [x, y, z] = placeAt(ray, nearest)
  const off = (node: number) => Math.hypot(vertices_mm[3 * node]! - x, vertices_mm[3 * node + 1]! - y, vertices_mm[3 * node + 2]! - z)
  return [...triangles.subarray(found, found + 3)].sort((a, b) => off(a) - off(b))[0]
}

const placeAt = ({ from, along }: Ray, away: number): [number, number, number] => [from[0] + away * along[0], from[1] + away * along[1], from[2] + away * along[2]]

function meetsBall(ball: Float32Array, { from, along }: Ray): boolean {
  const [x, y, z] = [ball[0]! - from[0], ball[1]! - from[1], ball[2]! - from[2]]
  const ahead = x * along[0] + y * along[1] + z * along[2]
  return x * x + y * y + z * z - ahead * ahead <= ball[3]! * ball[3]!
}

/** How far along the ray a triangle is met from either side; infinite where it is not (Möller and Trumbore 1997). */
function distance(vertices: Float32Array, triangles: Uint32Array, at: number, { from, along }: Ray): number {
  const [a, b, c] = [3 * triangles[at]!, 3 * triangles[at + 1]!, 3 * triangles[at + 2]!]
  const [ax, ay, az] = [vertices[a]!, vertices[a + 1]!, vertices[a + 2]!]
  const [ux, uy, uz] = [vertices[b]! - ax, vertices[b + 1]! - ay, vertices[b + 2]! - az]
  const [vx, vy, vz] = [vertices[c]! - ax, vertices[c + 1]! - ay, vertices[c + 2]! - az]
  const [px, py, pz] = [along[1] * vz - along[2] * vy, along[2] * vx - along[0] * vz, along[0] * vy - along[1] * vx]
  const volume = ux * px + uy * py + uz * pz
  if (volume === 0) return Infinity
  const [sx, sy, sz] = [from[0] - ax, from[1] - ay, from[2] - az]
  const first = (sx * px + sy * py + sz * pz) / volume
  const [qx, qy, qz] = [sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux]
  const second = (along[0] * qx + along[1] * qy + along[2] * qz) / volume
  const away = (vx * qx + vy * qy + vz * qz) / volume
  return first >= 0 && second >= 0 && first + second <= 1 && away > 0 ? away : Infinity
}
