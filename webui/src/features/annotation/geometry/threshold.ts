/** Outlines of all that is darker, or brighter, than a threshold. Pure. */
import type { Point } from '../model/geometry'
import { type Gray, outlinesOf, smoothed } from './wand'

export interface Threshold {
  level: number // 0 to 255
  brighter: boolean
  close_px: number // gaps narrower than twice this are closed
  open_px: number // bridges and islands narrower than twice this go
}

const LEAST_PX = 200 // smaller islands and holes are no areas

/** 1 where any pixel (or, to shrink, every pixel) of the square around it is 1; beyond the picture is as its edge. */
function spread(mask: Uint8Array, width: number, height: number, by_px: number, any: 0 | 1): Uint8Array {
  if (by_px < 1) return mask
  const along = (from: Uint8Array, count: number, length: number, start: (line: number) => number, step: number): Uint8Array => {
    const out = new Uint8Array(from.length).fill(1 - any)
    for (let line = 0; line < count; line++) {
      let last = -Infinity
      const at = (index: number) => start(line) + index * step
      for (let index = 0; index < length; index++) {
        if (from[at(index)] === any) last = index
        if (index - last <= by_px) out[at(index)] = any
      }
      last = Infinity
      for (let index = length - 1; index >= 0; index--) {
        if (from[at(index)] === any) last = index
        if (last - index <= by_px) out[at(index)] = any
      }
    }
    return out
  }
  const rows = along(mask, height, width, (y) => y * width, 1)
  return along(rows, width, height, (x) => x, width)
}

/** The gray that divides a picture best into dark and bright (Otsu 1979): their means lie as far apart as they can. */
export function dividing({ values, shown }: Gray): number {
  const counts = new Float64Array(256)
  values.forEach((value, at) => shown?.[at] !== 0 && counts[value]!++)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const all = counts.reduce((sum, count, value) => sum + count * value, 0)
  let [best, level, dark, darkSum] = [-1, 0, 0, 0]
  for (let value = 0; value < 255; value++) {
    dark += counts[value]!
    darkSum += counts[value]! * value
    const between = dark && dark < total ? (all * dark - darkSum * total) ** 2 / (dark * (total - dark)) : -1
    if (between > best) [best, level] = [between, value]
  }
  return level
}

export function threshold(gray: Gray, { level, brighter, close_px, open_px }: Threshold): Point[][] {
  const { values, width, height } = smoothed(gray)
  const mask = values.map((value, at) => (brighter ? value >= level : value <= level) && gray.shown?.[at] !== 0 ? 1 : 0)
  const grow = (of: Uint8Array, by: number) => spread(of, width, height, by, 1)
  const shrink = (of: Uint8Array, by: number) => spread(of, width, height, by, 0)
  const closed = shrink(grow(mask, close_px), close_px)
  return outlinesOf(grow(shrink(closed, open_px), open_px), width, height, LEAST_PX)
}
