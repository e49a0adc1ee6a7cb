import { expect, test } from 'vitest'

import { readOverlays, writeOverlays } from './overlays'

test('an address brings back the layers, and nonsense in an address shows none', () => {
  for (const overlays of [{ side: 'next', tissue: true }, { side: undefined, tissue: true }, { side: 'previous', tissue: false }] as const) {
    expect(readOverlays(writeOverlays(overlays))).toEqual(overlays)
  }
  expect(writeOverlays({ side: undefined, tissue: false })).toBeUndefined()
  expect(['sideways', '', undefined, ['next']].map(readOverlays)).toEqual(Array(4).fill({ side: undefined, tissue: false }))
})
