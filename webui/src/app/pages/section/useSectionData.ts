import { computed, onScopeDispose, watch } from 'vue'

import { readPyramid } from '@/api/calls'
import { describeError } from '@/api/errors'
import { useAnnotations } from '@/features/annotation'
import { useLive } from '@/features/live'
import { usePredictions } from '@/features/prediction'
import { useProject } from '@/features/projects'
import { samePlace } from '@/features/sections'
import { useLoad } from '@/shared/useLoad'
import type { Place, ViewerHandle } from '@/viewer'

/** Loads a section's image, regions and predictions, and follows what others change. */
export function useSectionData(viewer: ViewerHandle, project: () => string, number: () => number, firstPlace: Place | undefined) {
  const store = useProject()
  const annotations = useAnnotations()
  const predictions = usePredictions()
  const live = useLive()
  const brain = computed(() => store.brain?.id)
  let place = firstPlace

  /** The same piece of tissue on the next section, through the alignment. */
  function placeOn(next: number): Place | undefined {
    const [view, shown] = [viewer.view.value, viewer.pyramid.value?.section]
    if (!view || shown === undefined) return place
    return { centre_um: samePlace(store.alignment, shown, next, view.centre_um), um_per_px: view.um_per_px }
  }

  const image = useLoad(async () => {
    if (!brain.value) return undefined
    const pyramid = await readPyramid(brain.value, number())
    if (pyramid.section === number()) viewer.show(pyramid, placeOn(pyramid.section))
    place = undefined
    return pyramid
  }, [brain, number])
  const regions = useLoad(() => annotations.open(project(), number()), [project, number])
  const overlays = useLoad(() => predictions.open(project(), number()), [project, number])

  live.follow((changes) => {
    const here = changes.filter((change) => change.section == null || change.section === number())
    if (here.some((change) => change.kind === 'annotation')) void regions.reload()
    if (here.some((change) => ['prediction', 'review', 'task'].includes(change.kind))) void overlays.reload()
  })
  // After an outage whatever could not be read is read again.
  const stop = watch(() => live.offline, (away) => {
    if (away) return
    for (const part of [image, regions, overlays]) if (part.error.value) void part.reload()
  })
  onScopeDispose(stop)

  /** What went wrong, each thing once: image, regions and predictions often fail for one reason. */
  const failures = computed(() => {
    const failed = [image, regions, overlays].filter((part) => part.error.value)
    const byMessage = new Map(failed.map((part) => [describeError(part.error.value).message, part.error.value]))
    const retry = () => failed.forEach((part) => void part.reload())
    return [...byMessage].map(([message, error]) => ({ message, error, retry }))
  })
  return { failures }
}
