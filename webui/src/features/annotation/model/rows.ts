/** Outlines as one row of numbers, which is copied, kept and handed over at once instead of node by node. Pure. */
import type { PathPoint, Paths } from '@/api/types'

/** For each path how many nodes it has; for each node how many numbers, and these. */
export type Row = Float64Array<ArrayBuffer>

export function rowOf(paths: Paths): Row {
  let size = paths.length
  for (const path of paths) for (const node of path) size += 1 + node.length
  const row = new Float64Array(size)
  let at = 0
  for (const path of paths) {
    row[at++] = path.length
    for (const node of path) {
      row[at++] = node.length
      for (let one = 0; one < node.length; one++) row[at++] = node[one]!
    }
  }
  return row
}

export function pathsIn(row: Row): Paths {
  const paths: Paths = []
  for (let at = 0; at < row.length;) {
    const path: PathPoint[] = []
    for (let left = row[at++]!; left > 0; left--) {
      if (row[at] === 2) path.push([row[at + 1]!, row[at + 2]!])
      else path.push(Array.from(row.subarray(at + 1, at + 1 + row[at]!)) as PathPoint)
      at += 1 + row[at]!
    }
    paths.push(path)
  }
  return paths
}
