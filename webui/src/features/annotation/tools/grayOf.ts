import type { Gray } from '../geometry/wand'

/** Of a gray section every colour channel is the same; of others their mean. */
export function grayOf({ data, width, height }: ImageData): Gray {
  const values = new Uint8Array(width * height)
  for (let index = 0; index < values.length; index++) values[index] = (data[4 * index]! + data[4 * index + 1]! + data[4 * index + 2]!) / 3
  const shown = new Uint8Array(values.length)
  for (let index = 0; index < values.length; index++) shown[index] = data[4 * index + 3] ? 1 : 0
  return { values, width, height, shown }
}
