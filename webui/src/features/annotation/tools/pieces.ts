import type { Paths } from '@/api/types'
import { randomKey } from '@/shared/randomKey'

import { shapeOf } from '../model/history'
import type { Region } from '../model/regions'
import type { Desk } from './tool'

/** A region becomes its pieces, the largest first: that one stays the region, the others are regions of the same area. One step. */
export function becomePieces(desk: Desk, region: Region, pieces: readonly Paths[]): void {
  const facts = shapeOf(region)
  desk.store.changeAll(pieces.map((paths, index) => ({ uid: index ? randomKey() : region.uid, after: { ...facts, paths } })))
}

/** The region as it was when something was asked about it; undefined once it was changed or another section is shown. */
export const still = (desk: Desk, region: Region): boolean =>
  desk.store.regions.some((one) => one.uid === region.uid && one.paths === region.paths)
