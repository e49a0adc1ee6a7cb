import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { useSession } from '@/features/session'
import { useUndo, type Way } from '@/features/undo'

import type { TissueClass } from './model/paint'
import { type Edit, edited, MOST_STROKES, takenBack } from './model/strokes'
import { SectionTissue } from './section'

const OPACITY = 0.45
const RADIUS_UM = 400
export const RADII_UM = [20, 5000] as const

interface Deed {
  brain: string
  section: number
  edit: Edit
}

/** The tissue classes of the section on screen, how they are shown, and the brush that corrects them. */
export const useTissue = defineStore('tissue', () => {
  const session = useSession()
  const history = useUndo()
  const shown = ref(false)
  const opacity = ref(OPACITY)
  const tissue = ref<TissueClass>('gray matter')
  const radius_um = ref(RADIUS_UM)
  const current = shallowRef<SectionTissue>()
  const known = new Map<string, SectionTissue>() // those with work under way go on being saved

  const strokes = computed(() => current.value?.strokes.value ?? [])
  const state = computed(() => current.value?.state.value ?? 'saved')
  const full = computed(() => strokes.value.length >= MOST_STROKES)
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

  /** An edit by the person on a section; `shown` where its picture has it already. */
  function change(on: SectionTissue, edit: Edit, drawn = false): void {
    on.change(edited(on.strokes.value, edit), drawn)
    const { brain, section } = on.place
    if (on === current.value) history.did('tissue', { brain, section, edit } satisfies Deed)
  }

  async function walk(what: unknown, way: Way): Promise<string | void> {
    const { brain, section, edit } = what as Deed
    shown.value = true
    if (current.value?.place.brain !== brain || current.value.place.section !== section || !current.value.view.value) await open(brain, section)
    const on = current.value!
    if (!on.view.value) throw on.error.value
    const wanted = way === 'back' ? takenBack(on.strokes.value, edit) : edited(on.strokes.value, edit)
    if (!wanted) return 'Not undone: somebody else has cleared that stroke meanwhile.'
    if (wanted.length > MOST_STROKES) return 'Not redone: no more strokes fit on this section.'
    on.change(wanted)
  }
  history.teach('tissue', walk)

  return {
    shown, opacity, tissue, radius_um, current, strokes, state, full, unsaved, open, resize, change,
    clear: () => current.value && strokes.value.length && change(current.value, { kind: 'clear', strokes: strokes.value }),
  }
})
