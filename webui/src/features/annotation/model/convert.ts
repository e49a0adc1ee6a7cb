/** Outlines with other nodes but the same shape, within a tolerance. */
import type { Path, Paths } from '@/api/types'

import { fit } from './fit'
import { corner, polyline, type Ring, ring, simplify } from './geometry'

const FEWEST = 3

const pointsOf = (path: Path, closed: boolean): Ring => (closed ? ring(path) : polyline(path))

/** Corners only, as few as keep to the outline. A closed path is cut open where it is farthest from its first node. */
function polygonOf(path: Path, closed: boolean, tolerance_um: number): Path {
  const points = pointsOf(path, closed)
  if (!closed) return simplify(points, tolerance_um).map(corner)
  const away = points.map(([x, y]) => Math.hypot(x - points[0]![0], y - points[0]![1]))
  const far = away.indexOf(Math.max(...away))
  const halves = [simplify(points.slice(0, far + 1), tolerance_um), simplify([...points.slice(far), points[0]!], tolerance_um)]
  const nodes = [...halves[0]!.slice(0, -1), ...halves[1]!.slice(0, -1)].map(corner)
  return nodes.length < FEWEST ? path : nodes
}

export const toPolygon = (paths: Paths, closed: boolean, tolerance_um: number): Paths => paths.map((path) => polygonOf(path, closed, tolerance_um))

export const toBezier = (paths: Paths, closed: boolean, tolerance_um: number): Paths => paths.map((path) => fit(pointsOf(path, closed), tolerance_um, closed))

/** Fewer nodes: a polygon stays one, an outline with curves is fitted anew. */
export const simplified = (paths: Paths, closed: boolean, tolerance_um: number): Paths =>
  paths.map((path) => (path.some((node) => node.length === 6) ? fit(pointsOf(path, closed), tolerance_um, closed) : polygonOf(path, closed, tolerance_um)))
