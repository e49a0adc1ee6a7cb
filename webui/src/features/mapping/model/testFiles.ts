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

/** Four nodes in a row along y, on sections 1, 1, 2 and none; areas 0, 1, 1, 0; the first is annotated. */
export const rowArrays = (): Record<string, readonly [number[], Values]> => ({
  vertices_mm: [[4, 3], new Float32Array([0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 5, 1])],
  triangles: [[2, 3], new Int32Array([0, 1, 2, 1, 2, 3])],
  part: [[4], new Uint8Array(4)],
  section: [[4], new Int32Array([1, 1, 2, -1])],
  point_um: [[4, 2], new Float32Array([10, 20, 30, 40, 50, 60, 0, 0])],
  usable: [[4], new Uint8Array([1, 1, 1, 0])],
  area: [[4], new Int16Array([0, 1, 1, 0])],
  probability: [[4], new Uint8Array([255, 51, 0, 255])],
  annotated: [[4], new Int16Array([0, -1, -1, 1])],
  split: [[4], new Uint8Array([1, 0, 0, 2])],
})
