import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'

import { deleteAnnotation, saveAnnotation } from '@/api/calls'
import { ApiError } from '@/api/errors'
import type { Annotation, SavedAnnotation } from '@/api/types'
import { useLive } from '@/features/live'
import { useSession } from '@/features/session'
import { keep } from '@/shared/keep'

import { samePaths, type Shape } from './model/history'
import * as outboxes from './model/outbox'
import { Shelf } from './model/shelf'

const SAVE_AFTER_MS = 400 // of rest after the last change of a region
const RETRY_AFTER_MS = 3000

/** Sends changed regions one by one, keeps what could not be sent, and tells it as a word. */
export const useAutosave = defineStore('autosave', () => {
  const live = useLive()
  const session = useSession()
  const project = ref('')
  let owner = '' // person and project whose work the outbox holds
  let shelf: Shelf | undefined
  const outbox = shallowRef<outboxes.Outbox>(new Map())
  const kept = ref(true) // in this browser, until the server has it
  const failing = ref(false)
  const listeners = new Set<(saved: SavedAnnotation) => void>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let shelved: outboxes.Outbox = new Map() // the state that lies on the shelf
  let shelving: ReturnType<typeof setTimeout> | undefined

  const offline = computed(() => failing.value || live.offline)
  const word = computed(() => outboxes.saveWord(outbox.value, offline.value))
  const unsaved = computed(() => outbox.value.size > 0)
  const conflicts = computed(() => [...outbox.value.values()].filter((entry) => entry.state === 'conflict'))
  const refusals = computed(() => [...outbox.value.values()].filter((entry) => entry.state === 'refused'))

  function update(next: outboxes.Outbox): void {
    outbox.value = next
    shelving ??= setTimeout(shelve) // after this frame's work: a large outline takes a moment to write
  }

  function shelve(): void {
    clearTimeout(shelving)
    shelving = undefined
    const before = shelved
    shelved = outbox.value
    void shelf?.shelve(before, shelved).then((all) => (kept.value = all))
  }
  addEventListener('pagehide', () => shelving !== undefined && shelve())

  const ownerOf = (id: string) => `${session.session?.user.name}.${id}`

  async function open(id: string): Promise<void> {
    if (shelving !== undefined) shelve()
    const known = ownerOf(id) === owner
    owner = ownerOf(id)
    project.value = id
    if (!known) {
      const mine = (shelf = new Shelf(localStorage, keep, owner))
      outbox.value = shelved = mine.unshelve()
      const large = await mine.unshelveLarge()
      if (shelf !== mine) return
      shelved = new Map([...shelved, ...large])
      outbox.value = new Map([...outbox.value, ...large])
    }
    schedule(0)
  }

  function schedule(wait_ms = SAVE_AFTER_MS): void {
    clearTimeout(timer)
    timer = setTimeout(() => void flush(), wait_ms)
  }

  function want(uid: string, section: number, wanted: Shape | null, version: number): void {
    update(outboxes.want(outbox.value, uid, section, wanted, version))
    schedule()
  }

  async function flush(): Promise<void> {
    if (ownerOf(project.value) !== owner) return // nobody's work is sent in another's name; it waits on the shelf
    const waiting = [...outbox.value.values()].filter((entry) => entry.state === 'waiting')
    await Promise.all(waiting.map((entry) => send(entry)))
    if ([...outbox.value.values()].some((entry) => entry.state === 'waiting')) schedule(failing.value ? RETRY_AFTER_MS : 0)
  }

  async function send({ uid, section, wanted, version }: outboxes.Pending): Promise<void> {
    update(outboxes.sending(outbox.value, uid))
    try {
      const saved = wanted
        ? await saveAnnotation(project.value, uid, { section, ...wanted, version, source: { kind: 'drawn' } })
        : await deleteAnnotation(project.value, uid, version)
      failing.value = false
      update(outboxes.stored(outbox.value, uid, saved.annotation.version))
      const { annotation, ...rest } = saved
      const paths = wanted ? samePaths(wanted.paths, annotation.paths) : annotation.paths
      for (const listener of listeners) listener({ ...rest, annotation: { ...annotation, paths } })
    } catch (error) {
      update(fail(uid, error))
    }
  }

  function fail(uid: string, error: unknown): outboxes.Outbox {
    const status = error instanceof ApiError ? error.status : 0
    const current = error instanceof ApiError ? (error.details.current as Annotation | undefined) : undefined
    if (status === 409 && current) return outboxes.clash(outbox.value, uid, current)
    failing.value = error instanceof ApiError && error.transient
    // 401: the login page comes up, and the region is sent after it. Other answers are about the region itself.
    if (failing.value || status === 401 || status >= 500) {
      failing.value = true
      return outboxes.unanswered(outbox.value, uid)
    }
    return outboxes.refused(outbox.value, uid, error instanceof Error ? error.message : String(error))
  }

  function resolve(uid: string, choice: outboxes.Choice): void {
    const theirs = outbox.value.get(uid)?.theirs
    if (theirs) for (const listener of listeners) listener({ annotation: theirs, problems: [] })
    update(outboxes.resolve(outbox.value, uid, choice))
    schedule(0)
  }

  watch(() => live.offline, (away) => !away && unsaved.value && schedule(0))

  const onSaved = (listener: (saved: SavedAnnotation) => void) => void listeners.add(listener)
  return { outbox, kept, word, unsaved, conflicts, refusals, open, want, resolve, onSaved, flush }
})
