import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { readAlignment, readPyramid, setStep, unsetStep } from '@/api/calls'
import type { RigidTransform, TilePyramid } from '@/api/types'
import { useProject } from '@/features/projects'
import { neighbour } from '@/features/sections'
import { useUndo, type Way } from '@/features/undo'
import { affineOf } from '@/shared/rigid'

import { back, forth, moved, type Moves, type Saved, UNMOVED } from './model/history'
import { acrossStep, centredOn, type Side, stepBetween, stepOwner } from './model/neighbour'

const NOT_MINE = 'Not changed: somebody else has set this transform meanwhile.'

/** The section before or after, laid over the section on screen, and its transform set by hand. */
export const useNeighbour = defineStore('neighbour', () => {
  const project = useProject()
  const history = useUndo()
  const side = ref<Side>()
  const opacity = ref(1)
  const alone = ref(false)
  const section = shallowRef<TilePyramid>()
  const pyramid = shallowRef<TilePyramid>()
  const moves = shallowRef<Moves>(UNMOVED)
  const dragged = shallowRef<RigidTransform>() // while the pointer is down
  const error = shallowRef<unknown>()
  const busy = ref(false)
  let newest = 0

  const numbers = computed(() => project.sections.map((state) => state.number))
  const number = computed(() => (side.value && section.value ? neighbour(numbers.value, section.value.section, side.value === 'next' ? 1 : -1) : undefined))
  const step = computed(() => (number.value === undefined ? undefined : stepBetween(project.alignment, side.value!, section.value!.section, number.value)))
  /** As the step says, else middle on middle. */
  const computedPlace = computed(() => {
    if (step.value) return acrossStep(side.value!, step.value.transform)
    return section.value && pyramid.value ? centredOn(section.value, pyramid.value) : undefined
  })
  const place = computed(() => dragged.value ?? moves.value.current ?? computedPlace.value)
  const toSection = computed(() => (place.value ? affineOf(place.value) : undefined))
  const shown = computed(() => !!side.value && pyramid.value?.section === number.value && !!toSection.value)
  const unsaved = computed(() => moves.value.current !== undefined)
  const owner = computed(() => (number.value === undefined ? undefined : stepOwner(side.value!, section.value!.section, number.value)))

  /** The transform that somebody has set by hand for a section's step; null where none is. */
  function handSet(of: number): RigidTransform | null {
    const found = project.alignment?.steps.find((one) => one.section === of)
    return found?.hand_set ? found.transform : null
  }

  async function load(): Promise<void> {
    const mine = ++newest
    moves.value = UNMOVED
    dragged.value = error.value = undefined
    if (pyramid.value?.section !== number.value) pyramid.value = undefined
    if (number.value === undefined || !section.value) return
    const brain = section.value.brain
    try {
      const [image, alignment] = await Promise.all([readPyramid(brain, number.value), readAlignment(brain).catch(() => project.alignment)])
      if (mine !== newest) return
      project.alignment = alignment
      pyramid.value = image
    } catch (thrown) {
      if (mine === newest) error.value = thrown
    }
  }

  function show(next: Side | undefined): void {
    side.value = next
    void load()
  }

  function open(now: TilePyramid | undefined): void {
    section.value = now
    if (side.value) void load()
  }

  function move(next: RigidTransform): void {
    dragged.value = undefined
    moves.value = moved(moves.value, next)
  }

  /** Makes a step as wanted on the server; true when it is so. */
  async function put(of: number, wanted: RigidTransform | null): Promise<boolean> {
    if (busy.value || !section.value) return false
    busy.value = true
    error.value = undefined
    try {
      const { brain } = section.value
      project.alignment = wanted ? await setStep(brain, of, wanted) : await unsetStep(brain, of)
      return true
    } catch (thrown) {
      error.value = thrown
      return false
    } finally {
      busy.value = false
    }
  }

  async function save(wanted: RigidTransform | null): Promise<void> {
    if (owner.value === undefined || !section.value || !side.value) return
    const place = { brain: section.value.brain, side: side.value, owner: owner.value }
    const before = handSet(place.owner)
    if (!(await put(place.owner, wanted))) return
    history.did('alignment', { ...place, before, after: handSet(place.owner) } satisfies Saved)
    moves.value = UNMOVED
  }

  /** What was saved is taken back where it is seen, unless another person has set the step since. */
  async function walk(what: unknown, way: Way): Promise<string | void> {
    const { brain, side: on, owner: of, before, after } = what as Saved
    const [expected, wanted] = way === 'back' ? [after, before] : [before, after]
    project.alignment = await readAlignment(brain)
    if (JSON.stringify(handSet(of)) !== JSON.stringify(expected)) return NOT_MINE
    if (side.value !== on) show(on)
    if (!(await put(of, wanted))) throw error.value
    moves.value = UNMOVED
  }
  history.teach('alignment', walk)

  return {
    side, opacity, alone, section, pyramid, number, step, computedPlace, place, toSection, shown, unsaved, moves, dragged, error, busy,
    show, open, load, move,
    back: () => void (moves.value = back(moves.value)),
    forth: () => void (moves.value = forth(moves.value)),
    save: () => (place.value && side.value ? save(acrossStep(side.value, place.value)) : undefined),
    unset: () => save(null),
    cancel: () => void (moves.value = UNMOVED),
  }
})
