import { computed, ref, shallowRef, watch } from 'vue'

import { listMapping, listProjects } from '@/api/calls'
import type { MappingPreset, ProjectSummary } from '@/api/types'
import { useLoad } from '@/shared/useLoad'

import { annotatedAreas, type Choice, newestDone, type NodeFeature, USUALLY_KNOWN } from './model/steps'

/** What takes part in the next job: areas, further projects with their surfaces, a preset. */
export function useChoice(own: () => ProjectSummary, presets: () => readonly MappingPreset[]) {
  const all = useLoad(async () => (await listProjects()).projects)
  const uses = ref<Record<string, 'learn' | 'transfer'>>({}) // by further project
  const leftOut = ref<ReadonlySet<string>>(new Set()) // areas
  const without = ref<string[]>([])
  const known = ref<NodeFeature[]>([...USUALLY_KNOWN])
  const presetName = ref('')
  const surfaces = shallowRef<ReadonlyMap<string, string>>(new Map())

  /** On other brains; of two on one brain only one can take part, which the server says. */
  const further = computed(() => (all.data.value ?? []).filter(({ project }) => project.brain !== own().project.brain))
  const others = computed(() =>
    further.value.filter(({ project }) => uses.value[project.id]).map((project) => ({ project, learn: uses.value[project.project.id] === 'learn' })),
  )
  const possible = computed(() => annotatedAreas(own(), others.value))
  const areas = computed(() => possible.value.filter((area) => !leftOut.value.has(area)))
  const choice = computed<Choice>(() => ({
    areas: areas.value, others: others.value, without: without.value, known: known.value,
    preset: presets().find(({ name }) => name === presetName.value) ?? presets()[0],
  }))

  async function findSurfaces(): Promise<void> {
    const found = await Promise.all(others.value.map(async ({ project: { project: { id } } }) =>
      [id, newestDone((await listMapping(id)).jobs, 'midsurface')?.report.key] as const))
    surfaces.value = new Map(found.flatMap(([id, key]) => (key ? [[id, key] as const] : [])))
  }
  const wanted = computed(() => others.value.map(({ project }) => project.project.id).join())
  watch(wanted, () => void findSurfaces().catch(() => undefined)) // without them the step says what is missing

  function toggle(area: string): void {
    const next = new Set(leftOut.value)
    if (!next.delete(area)) next.add(area)
    leftOut.value = next
  }
  return { further, uses, possible, areas, without, known, presetName, choice, surfaces, toggle, findSurfaces, error: all.error }
}

export type Choosing = ReturnType<typeof useChoice>
