/** The nodes of the selected region, with those that other regions share: what the pointer is on, and dragging it. Shared by tools. */
import type { Paths } from '@/api/types'
import type { ViewerPointer } from '@/viewer'

import { handleMovedTogether, movedTogether, nodeAdded, nodeRemoved, type Outline, type Reshaped, sharers } from '../model/borders'
import { NOTHING_INSTEAD } from '../model/draft'
import { insertNode, moveHandle, moveNode, removeNode } from '../model/edits'
import { type Point, position } from '../model/geometry'
import { shapeOf } from '../model/history'
import { type Hit, hitEdge, hitOutline } from '../model/hit'
import { snap } from '../model/snap'
import type { Desk, Hand } from './tool'

export const REACH_PX = 8

type Grab = Extract<Hit, { kind: 'node' | 'handle' }> & { uid: string; before: Paths; others: readonly Outline[] }

/** Several regions get new paths in one step; one without any paths left goes. */
export function reshapeAll({ store }: Desk, reshaped: Reshaped): void {
  store.changeAll(store.regions.flatMap((region) => {
    const paths = reshaped.get(region.uid)
    return paths ? [{ uid: region.uid, after: paths.length ? { ...shapeOf(region), paths } : undefined }] : []
  }))
}

/** The regions beside the selected one that share this place; none of a line or a note. */
const sharing = ({ store }: Desk, at: Point): Outline[] =>
  store.selection?.shape === 'region' ? sharers(store.regions, store.selection.uid, at) : []

const TOGETHER = (count: number): string => `${count + 1} regions share this place and follow. Alt: the selected one alone.`

/** Where a dragged node or handle takes the regions: the selected one, and those that share the place. */
function dragged({ kind, ref, before, uid, others, ...hit }: Grab & { side?: 'in' | 'out' }, to: Point, alt: boolean): Reshaped {
  const node = before[ref.path]![ref.node]!
  if (kind === 'handle') return new Map([...handleMovedTogether(others, node, hit.side!, to, alt), [uid, moveHandle(before, ref, hit.side!, to, alt)]])
  return new Map([...(alt ? [] : movedTogether(others, position(node), to)), [uid, moveNode(before, ref, to)]])
}

/** The regions that stay get a node where one was put on their edge. */
const withNode = ({ store }: Desk, reshaped: Reshaped, at: Point): Reshaped =>
  new Map([...reshaped, ...nodeAdded(store.regions.filter(({ uid }) => !reshaped.has(uid)), at)])

/** Takes a node or handle of the selected region on a press and moves it until the release. */
export function nodeDragging(desk: Desk): Required<Pick<Hand, 'press' | 'drag' | 'release'>> {
  const { store } = desk
  let grab: Grab | undefined
  let reshaped: Reshaped | undefined
  let caught: Point | undefined

  return {
    press({ at_um }) {
      const region = store.selection
      const hit = region && desk.mayWrite() ? hitOutline(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
      if (!region || !hit || hit.kind === 'edge') return false
      grab = { ...hit, uid: region.uid, before: region.paths, others: sharing(desk, position(region.paths[hit.ref.path]![hit.ref.node]!)) }
      if (grab.kind === 'node' && grab.others.length) desk.say(TOGETHER(grab.others.length))
      return true
    },
    drag({ at_um, alt, mod }) {
      if (!grab) return
      const moving = new Set([grab.uid, ...(alt ? [] : grab.others.map(({ uid }) => uid))])
      caught = grab.kind === 'node' && !mod ? snap(desk.visible().filter(({ uid }) => !moving.has(uid)), at_um, desk.um(REACH_PX)) : undefined
      desk.draft.value = { caught }
      desk.instead.value = reshaped = dragged(grab, caught ?? at_um, alt)
    },
    release() {
      if (grab && reshaped) reshapeAll(desk, caught ? withNode(desk, reshaped, caught) : reshaped)
      desk.draft.value = {}
      caught = undefined
      desk.instead.value = NOTHING_INSTEAD
      grab = reshaped = undefined
    },
  }
}

/** True when the pointer was on a node of the selected region; it is taken away. */
export function takeNodeAway(desk: Desk, { at_um }: ViewerPointer): boolean {
  const region = desk.store.selection
  const hit = region && desk.mayWrite() ? hitOutline(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
  if (!region || hit?.kind !== 'node') return false
  const path = region.paths[hit.ref.path]!
  const others = nodeRemoved(sharing(desk, position(path[hit.ref.node]!)), path, hit.ref.node)
  reshapeAll(desk, new Map([...others, [region.uid, removeNode(region.paths, hit.ref, region.shape)]]))
  return true
}

/** True when the pointer was on the outline of the selected region; it has a node there now. */
export function addNode(desk: Desk, { at_um }: ViewerPointer): boolean {
  const region = desk.store.selection
  const hit = region && desk.mayWrite() ? hitEdge(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
  if (!region || hit?.kind !== 'edge') return false
  const paths = insertNode(region.paths, hit.ref, hit.t)
  const others = region.shape === 'region' ? desk.store.regions.filter(({ uid }) => uid !== region.uid) : []
  reshapeAll(desk, new Map([...nodeAdded(others, position(paths[hit.ref.path]![hit.ref.node + 1]!)), [region.uid, paths]]))
  return true
}
