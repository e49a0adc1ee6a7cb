import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { useSession } from '@/features/session'

import type { TissueClass } from './model/paint'
import { cleared, MOST_STROKES, redone, undone } from './model/strokes'
import { SectionTissue } from './section'

const OPACITY = 0.45
const RADIUS_UM = 400
export const RADII_UM = [20, 5000] as const

/** The tissue classes of the section on screen, how they are shown, and the brush that corrects them. */
export const useTissue = defineStore('tissue', () => {
  const session = useSession()
  const shown = ref(false)
  const opacity = ref(OPACITY)
  const tissue = ref<TissueClass>('gray matter')
  const radius_um = ref(RADIUS_UM)
  const current = shallowRef<SectionTissue>()
  const known = new Map<string, SectionTissue>() // those with work under way go on being saved

  const sheet = computed(() => current.value?.sheet.value)
  const state = computed(() => current.value?.state.value ?? 'saved')
  const full = computed(() => (sheet.value?.strokes.length ?? 0) >= MOST_STROKES)
  const unsaved = computed(() => state.value !== 'saved')

  /** Another section (or the same again, then what changed meanwhile is read). */
  async function open(brain: string, section: number): Promise<void> {
    const place = { person: session.session?.user.name ?? '', brain, section }
    const key = JSON.stringify(place)
    for (const [other, one] of known) if (other !== key && one.state.value === 'saved') known.delete(other)
    const found = known.get(key) ?? new SectionTissue(place)
    known.set(key, found)
    current.value = found
    if (found.state.value === 'saved') await found.load()
  }

  function resize(factor: number): void {
    const [least, most] = RADII_UM
    radius_um.value = Math.round(Math.min(most, Math.max(least, radius_um.value * factor)))
  }

  const step = (change: typeof undone): void => {
    const now = current.value
    if (now && change(now.sheet.value) !== now.sheet.value) now.change(change(now.sheet.value))
  }

  return {
    shown, opacity, tissue, radius_um, current, sheet, state, full, unsaved, open, resize,
    undo: () => step(undone),
    redo: () => step(redone),
    clear: () => step(cleared),
  }
})
