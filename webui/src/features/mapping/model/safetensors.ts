/** Reads safetensors: eight bytes of length, a JSON header of that length, then the arrays one after the other. */

const TYPES = {
  F32: Float32Array, F64: Float64Array, I8: Int8Array, I16: Int16Array, I32: Int32Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array,
} as const

export type Values = InstanceType<(typeof TYPES)[keyof typeof TYPES]>

export interface Tensor {
  shape: readonly number[]
  values: Values
}

interface Entry {
  dtype: string
  shape: number[]
  data_offsets: [number, number]
}

const LENGTH_BYTES = 8

export class SafetensorsError extends Error {}

export interface Safetensors {
  arrays: Map<string, Tensor>
  metadata: Partial<Record<string, string>>
}

/** Every array by name, and words of the maker; throws SafetensorsError for anything that is no such file, or of a type that no array here has. */
export function readSafetensors(file: ArrayBuffer): Safetensors {
  const { header, start } = readHeader(file)
  const { __metadata__: metadata = {}, ...entries } = header
  const arrays = new Map(Object.entries(entries).map(([name, entry]) => [name, { shape: entry.shape, values: readValues(file, start, name, entry) }]))
  return { arrays, metadata }
}

type Header = { __metadata__?: Record<string, string> } & Record<string, Entry>

function readHeader(file: ArrayBuffer): { header: Header; start: number } {
  if (file.byteLength < LENGTH_BYTES) throw new SafetensorsError('The file is too short.')
  const length = new DataView(file).getBigUint64(0, true)
  const start = LENGTH_BYTES + Number(length)
  if (start > file.byteLength) throw new SafetensorsError('The file ends within its header.')
  try {
    return { header: JSON.parse(new TextDecoder().decode(new Uint8Array(file, LENGTH_BYTES, Number(length)))), start }
  } catch {
    throw new SafetensorsError('The header is no JSON.')
  }
}

function readValues(file: ArrayBuffer, start: number, name: string, { dtype, shape, data_offsets: [from, to] }: Entry): Values {
  const Type = TYPES[dtype as keyof typeof TYPES]
  if (!Type) throw new SafetensorsError(`The array ${name} is of type ${dtype}.`)
  const count = shape.reduce((product, side) => product * side, 1)
  const bytes = count * Type.BYTES_PER_ELEMENT
  if (to - from !== bytes || start + to > file.byteLength) throw new SafetensorsError(`The array ${name} is not of its size.`)
  // An array may begin anywhere; a view of numbers may not.
  return (start + from) % Type.BYTES_PER_ELEMENT ? new Type(file.slice(start + from, start + to)) : new Type(file, start + from, count)
}
