/**
 * Outlines on their way to the worker and back as one row of numbers each: copying thousands of small lists between threads
 * takes the page tens of milliseconds, a row of numbers is handed over. Everything else goes as it is. Pure.
 */
import type { Path, Paths } from '@/api/types'

import { type Row, rowOf, pathsIn } from '../model/rows'

interface Packed {
  packed: Row
}

const isPath = (value: unknown): value is Path => Array.isArray(value) && Array.isArray(value[0]) && typeof value[0][0] === 'number'
const isPaths = (value: unknown): value is Paths => Array.isArray(value) && isPath(value[0])

const isPacked = (value: unknown): value is Packed => (value as Partial<Packed> | null)?.packed instanceof Float64Array

/** What is said between the threads, with the outlines in it (paths, or a list of paths) as rows. */
export function pack(value: unknown): unknown {
  if (isPaths(value)) return { packed: rowOf(value) } satisfies Packed
  return Array.isArray(value) && value.some(isPaths) ? value.map(pack) : value
}

export function unpack(value: unknown): unknown {
  if (isPacked(value)) return pathsIn(value.packed)
  return Array.isArray(value) && value.some(isPacked) ? value.map(unpack) : value
}

/** What may be handed over rather than copied, by who needs it no more. */
export const transferables = (value: unknown): ArrayBuffer[] =>
  isPacked(value) ? [value.packed.buffer] : Array.isArray(value) ? value.flatMap(transferables) : []
