/** The stretches of a predicted border that are worth a look. */
import type { BorderStretch } from '@/api/types'

const MOST_SHOWN = 6
const LEAST_SHARE = 0.5 // of the greatest doubt: beyond, stretches are no more doubtful than any border is

/** The most doubtful stretches, the worst first. */
export function doubtfulStretches(border: readonly BorderStretch[]): BorderStretch[] {
  const sorted = border.filter(({ doubt }) => doubt > 0).sort((a, b) => b.doubt - a.doubt)
  return sorted.filter(({ doubt }) => doubt >= LEAST_SHARE * sorted[0]!.doubt).slice(0, MOST_SHOWN)
}

/** Where to look to see a stretch: the middle of its box, and how large it is. */
export function boxOf({ points }: BorderStretch): { centre_um: [number, number]; size_um: number } {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  return { centre_um: [(left + right) / 2, (top + bottom) / 2], size_um: Math.max(right - left, bottom - top) }
}

/** "3 doubtful stretches of border, 2.1 mm in all". */
export function borderWords(stretches: readonly BorderStretch[]): string {
  if (!stretches.length) return ''
  const mm = stretches.reduce((sum, { length_mm }) => sum + length_mm, 0).toFixed(1)
  return stretches.length === 1 ? `1 doubtful stretch of border, ${mm} mm` : `${stretches.length} doubtful stretches of border, ${mm} mm in all`
}
