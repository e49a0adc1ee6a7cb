import { describe, expect, it } from 'vitest'

import { readSafetensors, SafetensorsError } from './safetensors'
import { safetensorsOf } from './testFiles'

describe('a safetensors file', () => {
  it('gives each array by name with its shape and type', () => {
    const found = readSafetensors(safetensorsOf({ a: [[2, 2], new Float32Array([1, 2.5, -3, 4])], b: [[3], new Int16Array([-1, 0, 300])] })).arrays
    expect([...found.keys()]).toEqual(['a', 'b'])
    expect(found.get('a')).toEqual({ shape: [2, 2], values: new Float32Array([1, 2.5, -3, 4]) })
    expect(found.get('b')!.values).toEqual(new Int16Array([-1, 0, 300]))
  })

  it('may hold arrays that begin at odd places, empty ones and words of its maker', () => {
    const file = safetensorsOf({ a: [[3], new Uint8Array([1, 2, 3])], b: [[2], new Int32Array([7, -8])], c: [[0, 3], new Float32Array()] }, { made: 'by a test' })
    const { arrays, metadata } = readSafetensors(file)
    expect(arrays.get('b')!.values).toEqual(new Int32Array([7, -8]))
    expect(arrays.get('c')!.values).toHaveLength(0)
    expect([...arrays.keys()]).toEqual(['a', 'b', 'c'])
    expect(metadata).toEqual({ made: 'by a test' })
  })

  it.each([
    ['too short', new ArrayBuffer(4)],
    ['a header that goes on beyond the end', new BigUint64Array([1000n]).buffer],
    ['a header that is no JSON', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 40, 41]).buffer],
    ['an array of a type unknown here', safetensorsOf({ a: [[1], new Float32Array(1)] }, undefined, { dtype: 'BF16' })],
    ['an array of another size than told', safetensorsOf({ a: [[1], new Float32Array(1)] }, undefined, { shape: [2] })],
    ['an array beyond the end', safetensorsOf({ a: [[1], new Float32Array(1)] }, undefined, { data_offsets: [8, 12] })],
  ])('is refused: %s', (_, file) => {
    expect(() => readSafetensors(file)).toThrow(SafetensorsError)
  })
})
