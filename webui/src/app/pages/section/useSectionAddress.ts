import { onScopeDispose, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import { useNeighbour } from '@/features/alignment'
import { useAnnotations } from '@/features/annotation'
import { useInspection } from '@/features/inspection'
import { useTissue } from '@/features/tissue'
import { readView, type ViewerHandle, writeView } from '@/viewer'

import { writeOverlays } from './overlays'

const WRITE_AFTER_MS = 250

/** Keeps view, layers, selection and hidden areas in the address, so that copying it shares what is seen. */
export function useSectionAddress(viewer: ViewerHandle) {
  const route = useRoute()
  const router = useRouter()
  const annotations = useAnnotations()
  const [tissue, neighbour, inspection] = [useTissue(), useNeighbour(), useInspection()]
  const first = { place: readView(route.query.view), selected: route.query.region, hidden: route.query.hide }
  let timer: ReturnType<typeof setTimeout> | undefined

  if (typeof route.query.inside === 'string') void inspection.openKey(String(route.params.project), route.query.inside)
  if (typeof first.hidden === 'string') annotations.hidden = new Set(first.hidden.split(','))
  // The selection of a shared address waits for its region to arrive.
  const stopWaiting = watch(() => annotations.regions.length, () => {
    if (typeof first.selected !== 'string' || !annotations.regions.some((region) => region.uid === first.selected)) return
    annotations.select(first.selected)
    stopWaiting()
  })

  // Writing the address is a navigation of its own: it must not take the place of one the person has just begun.
  let elsewhere = false
  const stopBefore = router.beforeEach((to, from) => void (elsewhere = to.path !== from.path))
  const stopAfter = router.afterEach(() => void (elsewhere = false))

  function write(): void {
    if (!viewer.view.value || route.name !== 'section') return
    if (elsewhere) return later()
    const query = {
      ...route.query,
      view: writeView(viewer.view.value),
      overlay: writeOverlays({ side: neighbour.side, tissue: tissue.shown }),
      region: annotations.selected,
      inside: inspection.key,
      hide: annotations.hidden.size ? [...annotations.hidden].join(',') : undefined,
    }
    void router.replace({ query })
  }
  function later(): void {
    clearTimeout(timer)
    timer = setTimeout(write, WRITE_AFTER_MS)
  }
  watch([viewer.view, () => neighbour.side, () => tissue.shown, () => annotations.selected, () => annotations.hidden, () => inspection.key], later)
  onScopeDispose(() => {
    clearTimeout(timer)
    stopBefore()
    stopAfter()
  })

  return { firstPlace: first.place }
}
