/** Places of other outlines that catch what is drawn near them. Pure. */
import type { Path } from '@/api/types'

import { nodeAdded, onOutline, type Outline, type Reshaped } from './borders'
import { bounds_um, type Point, position } from './geometry'

/** The nearest node of a region within reach, else the nearest place on its edge. */
export function snap(outlines: readonly Outline[], at: Point, reach_um: number): Point | undefined {
  let [node, node_um]: [Point | undefined, number] = [undefined, reach_um]
  let [edge, edge_um]: [Point | undefined, number] = [undefined, reach_um]
  for (const { paths, shape } of outlines) {
    const [[left, top], [right, bottom]] = bounds_um(paths)
    const away = at[0] < left - reach_um || at[0] > right + reach_um || at[1] < top - reach_um || at[1] > bottom + reach_um
    if (shape !== 'region' || away) continue
    for (const one of paths.flat()) {
      const distance_um = Math.hypot(one[0] - at[0], one[1] - at[1])
      if (distance_um <= node_um) [node, node_um] = [position(one), distance_um]
    }
    const found = node ? undefined : onOutline(paths, at, edge_um)
    if (found) [edge, edge_um] = [found.at, found.distance_um]
  }
  return node ?? edge
}

/** The regions whose outline passes through nodes of this path get a node there too: from then on they share the place. */
export function bordering(outlines: readonly Outline[], path: Path): Reshaped {
  const changed: Reshaped = new Map()
  for (const node of path) {
    const now = outlines.map((one) => ({ ...one, paths: changed.get(one.uid) ?? one.paths }))
    for (const [uid, paths] of nodeAdded(now, position(node))) changed.set(uid, paths)
  }
  return changed
}
