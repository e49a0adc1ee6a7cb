import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { createInspection, readInspection, readJob } from '@/api/calls'
import type { InspectionView, ProjectJob } from '@/api/types'
import { randomKey } from '@/shared/randomKey'

import { isComing } from './model/inspection'

const POLL_INTERVAL_MS = 700

/** The model that is looked into on the section page, and the last look at it. */
export const useInspection = defineStore('inspection', () => {
  const project = ref('')
  const job = shallowRef<ProjectJob>() // the training job, or an earlier look at its model
  const view = shallowRef<InspectionView>()
  const error = shallowRef<unknown>()
  const asking = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let newest = 0

  const model = computed(() => job.value?.inspects?.model_job ?? job.value?.report.key)
  const busy = computed(() => asking.value || (!!view.value && isComing(view.value)))
  /** What stands in the address: the look that is shown, else the model. */
  const key = computed(() => view.value?.job.report.key ?? job.value?.report.key)

  /** Opens a training job's model, or an earlier look; nothing is started. */
  function open(found: ProjectJob): void {
    close()
    project.value = found.project
    job.value = found
    if (found.inspects) void follow(found.report.key, ++newest)
  }

  /** The same for a key from an address. */
  async function openKey(inProject: string, wanted: string): Promise<void> {
    const mine = ++newest
    try {
      const found = await readJob(inProject, wanted)
      if (mine === newest && (found.report.kind === 'train' || found.inspects)) open(found)
    } catch {
      // An address may name a job that is gone: the section is shown without it.
    }
  }

  function close(): void {
    newest++
    clearTimeout(timer)
    job.value = view.value = undefined
    error.value = undefined
    asking.value = false
  }

  /** Starts a look at a place of a section; one at a time. */
  async function look(section: number, centre_um: readonly [number, number]): Promise<void> {
    if (!model.value || busy.value) return
    const mine = ++newest
    asking.value = true
    error.value = view.value = undefined
    try {
      const started = await createInspection(project.value, {
        key: randomKey(), model_job: model.value, section, centre_um: [Math.round(centre_um[0]), Math.round(centre_um[1])],
      })
      if (mine !== newest) return
      view.value = started
      later(started.job.report.key, mine)
    } catch (thrown) {
      if (mine === newest) error.value = thrown
    } finally {
      if (mine === newest) asking.value = false
    }
  }

  async function follow(wanted: string, mine: number): Promise<void> {
    try {
      const found = await readInspection(project.value, wanted)
      if (mine !== newest) return
      view.value = found
      error.value = undefined
    } catch (thrown) {
      if (mine === newest) error.value = thrown
    }
    if (mine === newest && (error.value || isComing(view.value!))) later(wanted, mine)
  }

  function later(wanted: string, mine: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void follow(wanted, mine), POLL_INTERVAL_MS)
  }

  return { project, job, model, view, error, busy, key, open, openKey, close, look }
})
