/** The nodes of the selected region: what the pointer is on, and dragging it. Shared by tools. */
import type { Paths } from '@/api/types'
import type { ViewerPointer } from '@/viewer'

import { NOTHING_INSTEAD } from '../model/draft'
import { insertNode, moveHandle, moveNode, removeNode } from '../model/edits'
import { type Hit, hitEdge, hitOutline } from '../model/hit'
import type { Desk, Hand } from './tool'

export const REACH_PX = 8

type Grab = Extract<Hit, { kind: 'node' | 'handle' }> & { uid: string; before: Paths }

/** Takes a node or handle of the selected region on a press and moves it until the release. */
export function nodeDragging(desk: Desk): Required<Pick<Hand, 'press' | 'drag' | 'release'>> {
  const { store } = desk
  let grab: Grab | undefined
  let paths: Paths | undefined

  return {
    press({ at_um }) {
      const region = store.selection
      const hit = region && desk.mayWrite() ? hitOutline(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
      if (!region || !hit || hit.kind === 'edge') return false
      grab = { ...hit, uid: region.uid, before: region.paths }
      return true
    },
    drag({ at_um, alt }) {
      if (!grab) return
      paths = grab.kind === 'node' ? moveNode(grab.before, grab.ref, at_um) : moveHandle(grab.before, grab.ref, grab.side, at_um, alt)
      desk.instead.value = new Map([[grab.uid, paths]])
    },
    release() {
      if (grab && paths) store.reshape(grab.uid, paths)
      desk.instead.value = NOTHING_INSTEAD
      grab = paths = undefined
    },
  }
}

/** True when the pointer was on a node of the selected region; it is taken away. */
export function takeNodeAway(desk: Desk, { at_um }: ViewerPointer): boolean {
  const region = desk.store.selection
  const hit = region && desk.mayWrite() ? hitOutline(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
  if (!region || hit?.kind !== 'node') return false
  desk.store.reshape(region.uid, removeNode(region.paths, hit.ref, region.shape))
  return true
}

/** True when the pointer was on the outline of the selected region; it has a node there now. */
export function addNode(desk: Desk, { at_um }: ViewerPointer): boolean {
  const region = desk.store.selection
  const hit = region && desk.mayWrite() ? hitEdge(region.paths, at_um, desk.um(REACH_PX), region.shape === 'region') : undefined
  if (!region || hit?.kind !== 'edge') return false
  desk.store.reshape(region.uid, insertNode(region.paths, hit.ref, hit.t))
  return true
}
