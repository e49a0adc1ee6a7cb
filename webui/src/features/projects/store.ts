import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { listSections, listTasks, readAlignment, readBrain, readProject } from '@/api/calls'
import type { Alignment, Area, Brain, Change, ProjectSummary, SectionState, TrainingTask } from '@/api/types'
import { useSession } from '@/features/session'

const WRITING_ROLES = new Set(['annotator', 'manager'])

/** The project on screen: its summary, brain, filmstrip and training tasks. */
export const useProject = defineStore('project', () => {
  const id = ref('')
  const summary = shallowRef<ProjectSummary>()
  const brain = shallowRef<Brain>()
  const alignment = shallowRef<Alignment>()
  const sections = shallowRef<SectionState[]>([])
  const tasks = shallowRef<TrainingTask[]>([])
  const session = useSession()

  const areas = computed<Area[]>(() => summary.value?.progress.map((progress) => progress.area) ?? [])
  const role = computed(() => {
    const name = session.session?.user.name
    return summary.value?.project.members.find((member) => member.user === name)?.role
  })
  const mayWrite = computed(() => WRITING_ROLES.has(role.value ?? ''))

  function clear(project: string): void {
    id.value = project
    summary.value = brain.value = alignment.value = undefined
    sections.value = []
    tasks.value = []
  }

  const refreshSummary = async () => void (summary.value = await readProject(id.value))
  const refreshSections = async () => void (sections.value = (await listSections(id.value)).sections)
  const refreshTasks = async () => void (tasks.value = (await listTasks(id.value)).tasks)

  async function open(project: string): Promise<void> {
    if (project !== id.value) clear(project)
    const [found] = await Promise.all([readProject(project), refreshSections(), refreshTasks()])
    brain.value ??= await readBrain(found.project.brain)
    summary.value = found
    // Only a convenience (keeping the place when stepping): a brain without alignment is fine.
    alignment.value = await readAlignment(found.project.brain).catch(() => undefined)
  }

  /** What a change on the server makes stale is fetched again. */
  async function follow(changes: Change[]): Promise<void> {
    const kinds = new Set(changes.map((change) => change.kind))
    const marks = ['annotation', 'prediction', 'review'] as const
    const work: Promise<void>[] = []
    if (marks.some((kind) => kinds.has(kind))) work.push(refreshSections(), refreshSummary())
    if (kinds.has('task')) work.push(refreshTasks())
    await Promise.all(work)
  }

  return { id, summary, brain, alignment, sections, tasks, areas, role, mayWrite, open, follow, refreshSections, refreshSummary, refreshTasks }
})
