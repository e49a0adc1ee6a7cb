import { computed, onScopeDispose } from 'vue'

import type { ViewerHandle } from '@/viewer'

import { useInspection } from './store'

const HINT = 'click a place to look there - Enter looks at the middle - drag moves around - Esc ends'
const BUSY = 'the model is being asked - Esc ends'
const ONLY_LOOK = 'Only annotators and managers start a look - Esc ends'

/** A model is looked into at the place that is clicked, or in the middle of the view. */
export function useLookInside(viewer: ViewerHandle, mayWrite: () => boolean) {
  const store = useInspection()
  const active = computed(() => !!store.job)
  const section = computed(() => viewer.pyramid.value?.section)

  function lookAt(at_um: readonly [number, number] | undefined): void {
    if (mayWrite() && section.value !== undefined && at_um) void store.look(section.value, at_um)
  }
  const lookAtMiddle = () => lookAt(viewer.view.value?.centre_um)

  onScopeDispose(viewer.listen((pointer) => {
    if (active.value && pointer.kind === 'click') lookAt(pointer.at_um)
    return false
  }))
  onScopeDispose(store.close)

  function stop(): boolean {
    store.close()
    return true
  }

  const KEYS: Record<string, () => unknown> = { Enter: lookAtMiddle, Escape: stop }
  function key(name: string): boolean {
    KEYS[name]?.()
    return name in KEYS
  }

  return {
    active, section, lookAtMiddle, stop, key,
    hint: computed(() => (!mayWrite() ? ONLY_LOOK : store.busy ? BUSY : HINT)),
    cursor: computed(() => (store.busy || !mayWrite() ? 'grab' : 'crosshair')),
  }
}

export type LookInside = ReturnType<typeof useLookInside>
