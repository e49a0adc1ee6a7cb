import { computed, ref, watch } from 'vue'

import { listBrainSections, readBrain } from '@/api/calls'
import { useLoad } from '@/shared/useLoad'

import { entries, type Entry } from './model/sections'
import { useBrainJobs } from './useBrainJobs'

/** A brain with its sections, jobs and the sections chosen on the page. */
export function useBrain(id: () => string) {
  const brain = useLoad(() => readBrain(id()), [id])
  const jobs = useBrainJobs(id)
  // Asked for after the jobs, so that no job can end unnoticed in between.
  const sections = useLoad(async () => {
    if (jobs.settled.value === undefined) return undefined
    return entries((await listBrainSections(id())).sections)
  }, [id, jobs.settled])
  const all = computed<Entry[]>(() => sections.data.value ?? [])
  const chosen = ref<ReadonlySet<number>>(new Set())
  watch(id, () => (chosen.value = new Set()))

  return { brain, jobs, sections, all, chosen }
}
