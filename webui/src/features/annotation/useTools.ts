import { computed, onScopeDispose, ref, shallowRef } from 'vue'

import type { Paths } from '@/api/types'
import type { ViewerHandle, ViewerPointer } from '@/viewer'

import { insertNode, moveHandle, moveNode, removeNode } from './model/edits'
import type { Point } from './model/geometry'
import { type Hit, hitEdge, hitOutline, hitRegion } from './model/hit'
import { freehandPath, polygonClick, polygonKey, type PolygonStep, type ToolName, TOOLS } from './model/tools'
import { useAnnotations } from './store'

const REACH_PX = 8
const TRAIL_STEP_PX = 2
const FREEHAND_TOLERANCE_PX = 1.2

type Grab = Extract<Hit, { kind: 'node' | 'handle' }> & { uid: string; before: Paths }

/** The tool in hand: turns the viewer's pointer and the keys into edits of the annotation store. */
export function useTools(viewer: ViewerHandle, mayWrite: () => boolean) {
  const store = useAnnotations()
  const name = ref<ToolName>('select')
  const tool = computed(() => TOOLS.find((one) => one.name === name.value)!)
  const draft = shallowRef<readonly Point[]>([])
  const reshaped = shallowRef<{ uid: string; paths: Paths }>() // while a node is being dragged
  const panning = ref(false) // Space held
  const resting = ref(false) // a layer is being corrected: pointer and keys are its
  let grab: Grab | undefined

  const um = (px: number) => px * (viewer.view.value?.um_per_px ?? 1)
  const visible = () => store.regions.filter((region) => !store.hidden.has(region.area))

  function choose(next: ToolName): void {
    if (next !== 'select' && !mayWrite()) return
    name.value = next
    draft.value = []
  }

  /** A closed path is a new region, or, with Shift, one more path of the selected one: inside it a hole, outside a part. */
  function finish({ draft: left, finished }: PolygonStep, extend = false): void {
    draft.value = left
    if (!finished) return
    if (extend && store.selection) store.reshape(store.selection.uid, [...store.selection.paths, finished])
    else store.draw([finished])
    choose('select')
  }

  /** On a press: what of the selected region is under the pointer, ready to be dragged. */
  function take(at: Point): boolean {
    const region = store.selection
    const hit = region && mayWrite() ? hitOutline(region.paths, at, um(REACH_PX)) : undefined
    if (!region || !hit || hit.kind === 'edge') return false
    grab = { ...hit, uid: region.uid, before: region.paths }
    return true
  }

  function drag(at: Point, alone: boolean): void {
    if (name.value === 'freehand') return extendTrail(at)
    if (!grab) return
    const paths = grab.kind === 'node' ? moveNode(grab.before, grab.ref, at) : moveHandle(grab.before, grab.ref, grab.side, at, alone)
    reshaped.value = { uid: grab.uid, paths }
  }

  function extendTrail(at: Point): void {
    const last = draft.value.at(-1)
    if (!last || Math.hypot(last[0] - at[0], last[1] - at[1]) >= um(TRAIL_STEP_PX)) draft.value = [...draft.value, at]
  }

  function release(extend: boolean): void {
    if (name.value === 'freehand') {
      const path = freehandPath(draft.value, um(FREEHAND_TOLERANCE_PX))
      draft.value = []
      if (path) finish({ draft: [], finished: path }, extend)
    } else if (reshaped.value) {
      store.reshape(reshaped.value.uid, reshaped.value.paths)
    }
    reshaped.value = undefined
    grab = undefined
  }

  function click({ at_um: at, alt, shift }: ViewerPointer): void {
    if (name.value === 'polygon') return finish(polygonClick(draft.value, at, um(REACH_PX)), shift)
    const region = store.selection
    const hit = region && hitOutline(region.paths, at, um(REACH_PX))
    if (region && hit?.kind === 'node' && mayWrite()) {
      if (name.value === 'erase' || alt) store.reshape(region.uid, removeNode(region.paths, hit.ref))
      return
    }
    if (name.value !== 'freehand') store.select(hitRegion(visible(), at, um(REACH_PX))?.uid)
  }

  function addNode({ at_um: at }: ViewerPointer): void {
    const region = store.selection
    const hit = region && mayWrite() ? hitEdge(region.paths, at, um(REACH_PX)) : undefined
    if (region && hit?.kind === 'edge') store.reshape(region.uid, insertNode(region.paths, hit.ref, hit.t))
  }

  function press(at: Point): boolean {
    if (panning.value) return false
    if (name.value === 'freehand') {
      draft.value = [at]
      return true
    }
    return name.value === 'select' && take(at)
  }

  const stopListening = viewer.listen((pointer) => {
    if (resting.value) return false
    if (pointer.kind === 'press') return press(pointer.at_um)
    if (pointer.kind === 'drag') drag(pointer.at_um, pointer.alt)
    else if (pointer.kind === 'release') release(pointer.shift)
    else if (pointer.kind === 'click') click(pointer)
    else if (pointer.kind === 'double') {
      if (name.value === 'polygon') finish(polygonKey(draft.value, 'Enter') ?? { draft: draft.value }, pointer.shift)
      else addNode(pointer)
    }
  })
  onScopeDispose(stopListening)

  /** Keys that mean something to the drawing in hand; false lets the key pass on. */
  function key(pressed: string, extend = false): boolean {
    const step = name.value === 'polygon' ? polygonKey(draft.value, pressed) : undefined
    if (step) finish(step, extend)
    else if ((pressed === 'Delete' || pressed === 'Backspace') && store.selection && mayWrite()) store.remove(store.selection.uid)
    else if (pressed === 'Escape' && name.value === 'select') store.select(undefined)
    else if (pressed === 'Escape') choose('select')
    else return false
    return true
  }

  const cursor = computed(() => (panning.value ? 'grab' : tool.value.cursor))
  return { name, tool, draft, reshaped, panning, resting, cursor, choose, key }
}

export type Tools = ReturnType<typeof useTools>
