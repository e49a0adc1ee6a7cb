/** Which level of a surface to draw: as fine as the graphics at hand can while it moves, all of it once it stands. */
import type { Level } from '../model/mesh'

const MOVING_MS = 50
const STILL_MS = 700
const FINE_PX = 1.5 // coarser than this is seen
// As long as nothing has been drawn; graphics of any card are faster.
const FIRST_MS_PER_TRIANGLE = MOVING_MS / 300_000

export interface Pace {
  /** A picture of this level took so long. */
  took(level: number, ms: number): void
  moving(): number
  /** `mm` is what a pixel shows. */
  still(mm: number): number
}

export function createPace(levels: readonly Level[]): Pace {
  const counts = levels.map(({ triangles }) => triangles.length / 3)
  let msPerTriangle = FIRST_MS_PER_TRIANGLE
  const within = (ms: number) => {
    const found = counts.findIndex((count) => count * msPerTriangle <= ms)
    return found < 0 ? counts.length - 1 : found
  }
  return {
    took: (level, ms) => void (msPerTriangle = ms / counts[level]!),
    moving: () => within(MOVING_MS),
    still(mm) {
      const fine = levels.findLastIndex(({ cell_mm }) => cell_mm <= FINE_PX * mm)
      return Math.min(within(STILL_MS), Math.max(0, fine))
    },
  }
}
