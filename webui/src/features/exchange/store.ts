import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

import { createImport, recogniseImport } from '@/api/calls'
import type { ImportResult, NewImport, RecognisedImport } from '@/api/types'
import { count } from '@/shared/format'
import { randomKey } from '@/shared/randomKey'

import { asImportFile, type ImportFile, tooMuch } from './model/files'
import { chosen, type Mapping, proposed } from './model/found'

type Coordinates = NonNullable<NewImport['coordinates']>

/** Annotation files on their way in: first what they hold, then, if the person says so, the import. */
export const useExchange = defineStore('exchange', () => {
  const found = shallowRef<RecognisedImport>()
  const areas = shallowRef<Mapping>({})
  const busy = ref(false)
  const error = shallowRef<unknown>()
  const done = shallowRef<ImportResult>()
  const word = ref('')
  let files: ImportFile[] = []
  let place: { project: string; section: number | undefined } = { project: '', section: undefined }
  let coordinates: Coordinates | undefined
  let key = ''
  let turn = 0

  /** Away with what was found; nothing of it was stored. */
  function cancel(): void {
    turn += 1
    found.value = error.value = undefined
    files = []
    coordinates = undefined
    busy.value = false
  }

  const request = () => ({ files, section: place.section ?? null, coordinates: coordinates ?? null, outlines: place.section !== undefined })

  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    const mine = ++turn
    busy.value = true
    error.value = undefined
    try {
      const answer = await work()
      return mine === turn ? answer : undefined
    } catch (thrown) {
      if (mine === turn) error.value = thrown
    } finally {
      if (mine === turn) busy.value = false
    }
    return undefined
  }

  async function recognise(): Promise<void> {
    const answer = await attempt(() => recogniseImport(place.project, request()))
    if (!answer) return
    areas.value = proposed(answer, areas.value)
    found.value = answer
  }

  /** Looks into files dropped on a section, or on a project when there is none. */
  async function look(project: string, section: number | undefined, given: readonly File[]): Promise<void> {
    cancel()
    done.value = undefined
    word.value = ''
    areas.value = {}
    place = { project, section }
    key = randomKey()
    const read = await attempt(() => {
      const words = tooMuch(given)
      return words ? Promise.reject(new Error(words)) : Promise.all(given.map(asImportFile))
    })
    if (!read) return
    files = read
    await recognise()
  }

  /** What the numbers of a Microdraw file mean, where the likelier meaning is wrong. */
  function takeAs(meaning: Coordinates): Promise<void> {
    coordinates = meaning
    return recognise()
  }

  function mean(name: string, area: string): void {
    areas.value = { ...areas.value, [name]: area }
  }

  /** Stores what was found; the same key once more after an answer that got lost is the same import. */
  async function store(): Promise<ImportResult | undefined> {
    const answer = await attempt(() => createImport(place.project, { ...request(), key, areas: chosen(areas.value) }))
    if (!answer) return undefined
    cancel()
    done.value = answer
    const stored = answer.sections.reduce((sum, { uids }) => sum + (uids?.length ?? 0), 0)
    word.value = `${count(stored, 'shape')} imported.`
    return answer
  }

  return { found, areas, busy, error, done, word, look, takeAs, mean, store, cancel }
})
