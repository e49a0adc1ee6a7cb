import { expect, test } from 'vitest'

import { doubtPicture, entropyPicture, labelPicture, probabilityPicture, rgb } from './colourise'

test('a colour of the nomenclature is three numbers', () => {
  expect(rgb('#1e90ff')).toEqual([30, 144, 255])
})

test('only the area is filled', () => {
  const picture = labelPicture(Uint8Array.of(0, 3, 2, 255), Uint8Array.of(0, 3, 2, 255), [10, 20, 30])
  expect([...picture]).toEqual([0, 0, 0, 0, 10, 20, 30, 255, 0, 0, 0, 0, 0, 0, 0, 0])
})

test('doubt is opaque where the network is unsure, clear where it is sure or where nothing was predicted', () => {
  const alpha = (index: number) => doubtPicture(Uint8Array.of(3, 2, 255), Uint8Array.of(255, 63, 0))[4 * index + 3]
  expect([alpha(0), alpha(1), alpha(2)]).toEqual([0, 255, 0])
})

test('probability and entropy show as they are inside the region of interest and nowhere else', () => {
  const [labels, values] = [Uint8Array.of(3, 2, 255), Uint8Array.of(250, 7, 255)]
  for (const picture of [probabilityPicture(labels, values, [1, 2, 3]), entropyPicture(labels, values)]) {
    expect([picture[3], picture[7], picture[11]]).toEqual([250, 7, 0])
  }
})
