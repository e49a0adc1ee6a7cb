/** An outline that follows another region's border takes over its nodes. Pure. */
import type { Path, PathPoint } from '@/api/types'

import { nodesAt, type Outline } from './borders'
import { polyline, position } from './geometry'
import { length_um } from './measure'
import { bordering } from './snap'

type Handle = readonly [number, number]
const NONE: Handle = [0, 0]
const into = (node: PathPoint): Handle => (node.length === 6 ? [node[2], node[3]] : NONE)
const out = (node: PathPoint): Handle => (node.length === 6 ? [node[4], node[5]] : NONE)

function nodeWith([x, y]: PathPoint, [ix, iy]: Handle, [ox, oy]: Handle): PathPoint {
  return ix || iy || ox || oy ? [x, y, ix, iy, ox, oy] : [x, y]
}

/** From one node of a ring onwards to another one, both included. */
function onwards(ring: Path, from: number, to: number): Path {
  return Array.from({ length: ((to - from + ring.length) % ring.length) + 1 }, (_, step) => ring[(from + step) % ring.length]!)
}

const turned = (path: Path): Path => [...path].reverse().map((node) => nodeWith(node, out(node), into(node)))

/** The shortest way along a border of one of the regions between two of its nodes, both included; undefined where no border has both. */
function way(outlines: readonly Outline[], from: PathPoint, to: PathPoint): Path | undefined {
  const ways = outlines.filter(({ shape }) => shape === 'region').flatMap(({ paths }) =>
    nodesAt(paths, position(from)).flatMap((a) => nodesAt(paths, position(to)).flatMap((b) => {
      const ring = paths[a.path]!
      return a.path === b.path && a.node !== b.node ? [onwards(ring, a.node, b.node), turned(onwards(ring, b.node, a.node))] : []
    })),
  )
  const lengths = ways.map((one) => length_um(polyline(one)))
  return ways[lengths.indexOf(Math.min(...lengths))]
}

/** A path of corners with the borders between those of them that lie on one border. */
export function followed(outlines: readonly Outline[], path: Path, closed: boolean): Path {
  const touched = bordering(outlines, path)
  const there = outlines.map((one) => ({ ...one, paths: touched.get(one.uid) ?? one.paths }))
  const nodes: Path = path.map((node) => node)
  const between = path.map((node, index) => {
    const next = path[index + 1] ?? (closed ? path[0] : undefined)
    return next && way(there, node, next)
  })
  return nodes.flatMap((node, index) => {
    const [arriving, leaving] = [between[(index + path.length - 1) % path.length], between[index]]
    const here = nodeWith(node, arriving ? into(arriving.at(-1)!) : NONE, leaving ? out(leaving[0]!) : NONE)
    return [here, ...(leaving?.slice(1, -1) ?? [])]
  })
}
