/** How well areas are told apart, prepared for tables and pictures. */
import type { PatchPoint, Scores } from '@/api/types'

import { percent } from '@/shared/format'

export interface ScoreRow {
  area: string
  test?: number
  transfer?: number
  train?: number
  patches: number // of the test
}

/** One row for each area, the worst in the test first. */
export function scoreRows(areas: readonly string[], train: Scores, test?: Scores | null, transfer?: Scores | null): ScoreRow[] {
  const of = (scores: Scores | null | undefined, area: string) => scores?.areas.find((one) => one.area === area)
  const some = (scores: Scores | null | undefined, area: string) => {
    const found = of(scores, area)
    return found?.patches ? found.f1 : undefined // of nothing there is no score
  }
  return areas
    .map((area) => ({
      area, train: some(train, area), test: some(test, area), transfer: some(transfer, area), patches: of(test ?? train, area)?.patches ?? 0,
    }))
    .sort((a, b) => (a.test ?? a.train ?? 2) - (b.test ?? b.train ?? 2) || a.area.localeCompare(b.area))
}

export interface Cell {
  row: number
  column: number
  share: number // of the patches of the true area
  words: string
}

/** The cells that are not empty. */
export function confusionCells({ areas, confusion }: Scores): Cell[] {
  return confusion.flatMap((row, from) => {
    const all = row.reduce((sum, number) => sum + number, 0)
    return row.flatMap((number, to) => {
      if (!number) return []
      const what = from === to ? `${areas[from]!.area} recognised` : `${areas[from]!.area} taken for ${areas[to]!.area}`
      return [{ row: from, column: to, share: number / all, words: `${what}: ${number} of ${all} (${percent(number / all)})` }]
    })
  })
}

/** What is mixed up most, in words. */
export const mixedUp = (scores: Scores, most = 3): string[] =>
  confusionCells(scores)
    .filter(({ row, column }) => row !== column)
    .sort((a, b) => b.share - a.share)
    .slice(0, most)
    .map(({ words }) => words)

export interface Dot {
  x: number
  y: number
  index: number
}

/** Points of a picture put into a square of this side, with a margin; upwards is up. */
export function dots(points: readonly PatchPoint[], side_px: number, margin_px = 10): Dot[] {
  const range = (axis: 0 | 1) => {
    const all = points.map(({ at }) => at[axis])
    return [Math.min(...all), Math.max(...all)] as const
  }
  const [[left, right], [bottom, top]] = [range(0), range(1)]
  const scale = (side_px - 2 * margin_px) / (Math.max(right - left, top - bottom) || 1)
  return points.map(({ at: [x, y] }, index) => ({
    x: side_px / 2 + (x - (left + right) / 2) * scale, y: side_px / 2 - (y - (bottom + top) / 2) * scale, index,
  }))
}

/** The dot nearest to a place, within reach. */
export function dotAt(all: readonly Dot[], x: number, y: number, reach_px = 8): Dot | undefined {
  let best: Dot | undefined
  let near = reach_px
  for (const dot of all) {
    const away = Math.hypot(dot.x - x, dot.y - y)
    if (away > near) continue
    ;[best, near] = [dot, away]
  }
  return best
}
