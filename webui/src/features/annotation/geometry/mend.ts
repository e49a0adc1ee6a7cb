/** How borders are put in order: each gives the new outlines of the regions it changes. Takes time: call it through the worker. */
import { ClipType } from 'clipper2-ts'

import type { Paths } from '@/api/types'

import { type Outline } from '../model/borders'
import { bordering } from '../model/snap'
import { clip, combine } from './combine'
import { flatten, PER_UM, restore } from './flatten'
import { sizeOf } from './parts'

/** The neighbour with a node wherever the other outline has got one on its border: from then on they share it. */
function beside(neighbour: Paths, before: Paths, after: Paths): Paths {
  const had = new Set(before.flat().map(([x, y]) => `${x},${y}`))
  const fresh = after.flat().filter(([x, y]) => !had.has(`${x},${y}`))
  const outline: Outline = { uid: '', paths: neighbour, shape: 'region' }
  return bordering([outline], fresh).get('') ?? neighbour
}

/** What two regions share is the first one's alone: the first, and what is left of the second. */
export function giveOverlap(keeper: Paths, loser: Paths): Paths[] {
  const left = combine('subtract', loser, keeper)
  return [beside(keeper, loser, left), left]
}

/** A region with the gap beside it in it. */
export const fillGap = (region: Paths, gap: Paths): Paths => combine('union', region, gap)

/** The same filled region without crossings; loops smaller than this go, unless nothing else is there. */
export function untie(paths: Paths, least_um2: number): Paths {
  const { rings, curves } = flatten(paths)
  const parts = clip(ClipType.Union, rings, [])
  const large = parts.filter((one) => sizeOf(one) >= least_um2 * PER_UM ** 2)
  return restore((large.length ? large : parts).flat(), curves)
}
