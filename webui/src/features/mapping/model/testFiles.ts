/** Files for tests. */
import type { Values } from './safetensors'

const NAMES = new Map<unknown, string>([
  [Float32Array, 'F32'], [Int16Array, 'I16'], [Int32Array, 'I32'], [Uint8Array, 'U8'],
])

/** A safetensors file of these arrays; `wrong` replaces parts of each entry in its header. */
export function safetensorsOf(arrays: Record<string, readonly [number[], Values]>, metadata?: Record<string, string>, wrong: object = {}): ArrayBuffer {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  let end = 0
  for (const [name, [shape, values]] of Object.entries(arrays)) {
    header[name] = { dtype: NAMES.get(values.constructor), shape, data_offsets: [end, end + values.byteLength], ...wrong }
    end += values.byteLength
  }
  const words = new TextEncoder().encode(JSON.stringify(header))
  const file = new Uint8Array(8 + words.length + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(words.length), true)
  file.set(words, 8)
  let at = 8 + words.length
  for (const [, values] of Object.values(arrays)) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
    at += values.byteLength
  }
  return file.buffer
}

/** Columns of whole numbers as they are packed: as differences, each 2d or -2d - 1 below 0, in two bytes that stand apart. */
export function packedColumns(...columns: number[][]): readonly [number[], Values] {
  const bytes = columns.flatMap((column) => {
    const written = column.map((value, row) => value - (row ? column[row - 1]! : 0)).map((step) => (step < 0 ? -2 * step - 1 : 2 * step))
    return [...written.map((value) => value & 255), ...written.map((value) => value >> 8)]
  })
  return [[columns.length, 2, columns[0]!.length], new Uint8Array(bytes)]
}

/** Four nodes in a row along y, on sections 1, 1, 2 and none; areas 0, 1, 1, 0; the first is annotated. Steps of 0.5 mm from -1 mm, and of 10 µm. */
export const rowArrays = (): Record<string, readonly [number[], Values]> => ({
  vertices: packedColumns([2, 4, 2, 2], [2, 2, 12, 12], [2, 2, 2, 4]),
  // 0 1 2 and 1 2 3: the first corner's difference to the one before, the others' to it
  triangles: [[3, 1, 2], new Uint8Array([0, 2, 2, 2, 4, 4])],
  sections: [[2], new Int32Array([1, 2])],
  section: packedColumns([1, 1, 2, 0]),
  point: packedColumns([1, 3, 5, 0], [2, 4, 600, 0]),
  area: packedColumns([0, 1, 1, 0]),
  probability: packedColumns([255, 51, 0, 255]),
  annotated: packedColumns([0, -1, -1, 1]),
  split: packedColumns([1, 0, 0, 2]),
})

const TOLD = { packed: JSON.stringify({ low_mm: [-1, -1, -1], step_mm: 0.5, low_um: [0, 0], step_um: 10 }) }

/** The file of such arrays. */
export const rowFile = (arrays: Record<string, readonly [number[], Values]> = rowArrays()): ArrayBuffer => safetensorsOf(arrays, TOLD)
