import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { describeError } from '@/api/errors'
import { useSession } from '@/features/session'
import { keep } from '@/shared/keep'

import { difference, IDS_PER_MS, outdated, type Place, placeKey, root, timelineOf } from './model/shelf'
import { type Deed, emptyTimeline, joined, type Kind, read, redone, remembered, takenBack, type Timeline, without, written } from './model/timeline'

export type Way = 'back' | 'forth'
/** Undoes or redoes what a deed holds. Gives words where that would take away what another did; throws where it may work later. */
export type Walk = (what: unknown, way: Way) => Promise<string | void> | string | void

const KEPT_SECTIONS = 12 // timelines held in memory; the others lie in the browser's database
const WORD_MS = 8000

/** Undo and redo: whatever the person did on the section on screen, the last thing first, also after a reload. */
export const useUndo = defineStore('undo', () => {
  const session = useSession()
  const place = shallowRef<Place>()
  const timelines = shallowRef<ReadonlyMap<string, Timeline>>(new Map())
  const word = ref('') // why something could not be undone
  const walks = new Map<Kind, Walk>()
  let newest = 0
  let steps: Promise<void> = Promise.resolve() // one at a time, in the order of the key presses
  let forgetting: ReturnType<typeof setTimeout> | undefined

  const timeline = computed(() => (place.value && timelines.value.get(placeKey(place.value))) ?? emptyTimeline)

  function set(at: Place, next: Timeline): void {
    const key = placeKey(at)
    const others = [...timelines.value].filter(([other]) => other !== key).slice(1 - KEPT_SECTIONS)
    timelines.value = new Map([...others, [key, next]])
  }

  /** Without a database undo lives as long as the page does. */
  function update(at: Place, next: Timeline): void {
    const { put, gone } = difference(at, timelines.value.get(placeKey(at)) ?? emptyTimeline, next)
    set(at, next)
    keep.write(put, gone).catch(() => undefined)
  }

  /** From now on this section's deeds are meant. */
  async function open(project: string, section: number): Promise<void> {
    const here: Place = { person: session.session?.user.name ?? '', project, section }
    if (place.value && placeKey(place.value) === placeKey(here)) return
    if (!place.value) void forgetOld()
    place.value = here
    say('')
    if (timelines.value.has(placeKey(here))) return
    const entries = await keep.read(placeKey(here)).catch(() => [])
    const kept = timelineOf(here, entries)
    newest = Math.max(newest, ...[...kept.past, ...kept.future].map(({ id }) => id))
    set(here, joined(kept, timelines.value.get(placeKey(here)) ?? emptyTimeline))
  }

  async function forgetOld(): Promise<void> {
    const keys = await keep.keys(root).catch(() => [])
    await keep.write([], outdated(keys, Date.now())).catch(() => undefined)
  }

  function say(words: string): void {
    clearTimeout(forgetting)
    word.value = words
    if (words) forgetting = setTimeout(() => (word.value = ''), WORD_MS)
  }

  /** The person has done something; `what` says how it is undone and redone, as JSON has it. */
  function did(kind: Kind, what: unknown): void {
    if (!place.value) return
    newest = Math.max(newest + 1, Date.now() * IDS_PER_MS)
    say('')
    update(place.value, remembered(timeline.value, { id: newest, kind, ...written(what) }))
  }

  async function step(way: Way): Promise<void> {
    const at = place.value
    const deed = way === 'back' ? timeline.value.past.at(-1) : timeline.value.future[0]
    if (!at || !deed) return
    const settle = (next: (timeline: Timeline, deed: Deed) => Timeline) => update(at, next(timelines.value.get(placeKey(at))!, deed))
    try {
      const refusal = await walks.get(deed.kind)?.(read(deed), way)
      say(refusal ?? '')
      settle(refusal ? without : way === 'back' ? takenBack : redone)
    } catch (thrown) {
      say(describeError(thrown).message)
    }
  }

  const walk = (way: Way): Promise<void> => (steps = steps.then(() => step(way)))

  return {
    word, open, did,
    canUndo: computed(() => timeline.value.past.length > 0),
    canRedo: computed(() => timeline.value.future.length > 0),
    undo: () => walk('back'),
    redo: () => walk('forth'),
    /** How deeds of a kind are undone and redone. */
    teach: (kind: Kind, way: Walk) => void walks.set(kind, way),
  }
})
