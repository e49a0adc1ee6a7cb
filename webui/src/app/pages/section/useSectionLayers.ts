import { computed, onScopeDispose, watch } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate, useRoute } from 'vue-router'

import { type Side, useByHand, useNeighbour } from '@/features/alignment'
import { type Tools } from '@/features/annotation'
import { useLookInside } from '@/features/inspection'
import { isPlain, useTone } from '@/features/layers'
import { useProject } from '@/features/projects'
import { useSession } from '@/features/session'
import { useTissue, useTissueBrush, useTissueGuard } from '@/features/tissue'
import { useUndo } from '@/features/undo'
import type { ViewerHandle } from '@/viewer'

import { readOverlays } from './overlays'

/** The image layers beside outlines and predictions: tone, tissue classes, the neighbour; and the two that can be corrected. */
export function useSectionLayers(viewer: ViewerHandle, tools: Tools) {
  const project = useProject()
  const session = useSession()
  const history = useUndo()
  const [tone, tissue, neighbour] = [useTone(), useTissue(), useNeighbour()]
  const mayWrite = () => project.mayWrite
  const panning = () => tools.panning.value
  const brush = useTissueBrush(viewer, mayWrite, panning)
  const byHand = useByHand(viewer, mayWrite, panning)
  const inside = useLookInside(viewer, mayWrite)
  const route = useRoute()
  useTissueGuard()

  const first = readOverlays(route.query.overlay)
  tissue.shown = first.tissue
  neighbour.side = first.side

  /** What takes the pointer and the keys before the drawing tools do. */
  const mode = computed(() => [brush, byHand, inside].find((one) => one.active.value))
  watch(mode, (now) => {
    tools.resting.value = !!now
    if (now) tools.choose('select')
  })

  // However it was opened, looking inside takes the pointer from the others, unless moves would be lost.
  watch(inside.active, (on) => {
    if (on && !endOthers()) inside.stop()
  })

  watch(() => [session.session?.user.name, project.brain?.id] as const, ([person, brain]) => {
    if (person && brain) tone.open(person, brain)
  }, { immediate: true })
  watch(viewer.pyramid, (pyramid) => neighbour.open(pyramid), { immediate: true })
  watch(() => [viewer.pyramid.value, tissue.shown] as const, ([pyramid, shown]) => {
    if (pyramid && shown) void tissue.open(pyramid.brain, pyramid.section)
  }, { immediate: true })
  watch(() => tissue.shown, (shown) => !shown && brush.stop())

  onBeforeRouteUpdate((to, from) => to.params.number === from.params.number || byHand.mayLeave())
  onBeforeRouteLeave(byHand.mayLeave)
  onScopeDispose(() => {
    brush.stop()
    byHand.stop()
    neighbour.open(undefined)
  })

  function endOthers(): boolean {
    if (!byHand.mayLeave()) return false
    if (byHand.active.value) byHand.stop()
    return brush.stop()
  }

  /** All modes end before another begins; false where moves would be lost. */
  const leave = (): boolean => endOthers() && inside.stop()

  function showNeighbour(side: Side | undefined): void {
    if (!byHand.mayLeave()) return
    neighbour.show(side)
    if (!side) byHand.stop()
  }
  const ROUND: Record<string, Side | undefined> = { off: 'next', next: 'previous' }
  const nextSide = () => showNeighbour(ROUND[neighbour.side ?? 'off'])

  /** Filters cost time in every frame, so only where they change something. The section is red under a blue neighbour. */
  const filters = computed(() => {
    const [over, plain] = [neighbour.shown && !neighbour.alone, isPlain(tone.tone)]
    return {
      neighbour: plain ? undefined : neighbour.alone ? 'url(#plain-tone)' : 'url(#neighbour-tone)',
      section: over || !plain ? 'url(#section-tone)' : undefined,
      tint: over ? ('red' as const) : ('none' as const),
      hidden: neighbour.shown && neighbour.alone,
    }
  })

  /** True where the wheel means something to what is being corrected. */
  function wheel(up: boolean): boolean {
    if (brush.active.value) brush.wheel(up)
    return brush.active.value
  }

  return {
    mode, brush, byHand, inside, filters, tissue, neighbour, leave, showNeighbour, nextSide, wheel,
    startBrush: () => leave() && brush.start(),
    startByHand: () => {
      if (!leave()) return
      if (!neighbour.side) neighbour.show('next')
      byHand.start()
    },
    undo: () => (neighbour.moves.past.length ? neighbour.back() : history.undo()),
    redo: () => (neighbour.moves.future.length ? neighbour.forth() : history.redo()),
    canUndo: computed(() => neighbour.moves.past.length > 0 || history.canUndo),
    canRedo: computed(() => neighbour.moves.future.length > 0 || history.canRedo),
  }
}

export type SectionLayers = ReturnType<typeof useSectionLayers>
