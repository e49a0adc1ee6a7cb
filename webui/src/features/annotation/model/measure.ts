/** Length and area of what is clicked, in words. */
import { area_um2, corner, type Point } from './geometry'

export function length_um(points: readonly Point[]): number {
  return points.reduce((sum, [x, y], index) => sum + (index ? Math.hypot(x - points[index - 1]![0], y - points[index - 1]![1]) : 0), 0)
}

export const lengthWords = (um: number): string => (um < 1000 ? `${um.toFixed(um < 100 ? 1 : 0)} µm` : `${(um / 1000).toFixed(3)} mm`)
const areaWords = (um2: number): string => (um2 < 1e5 ? `${um2.toFixed(0)} µm²` : `${(um2 / 1e6).toFixed(3)} mm²`)

/** "1.234 mm", and from three points on the closed area too: "3.414 mm, closed 0.500 mm²". */
export function measureWords(points: readonly Point[]): string {
  const length = lengthWords(length_um(points))
  return points.length < 3 ? length : `${length}, closed ${areaWords(area_um2([points.map(corner)]))}`
}
