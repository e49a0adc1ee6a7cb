import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { listAnnotations } from '@/api/calls'
import type { Annotation, OutlineProblem, Paths, SavedAnnotation } from '@/api/types'
import { randomKey } from '@/shared/randomKey'

import { useAutosave } from './autosave'
import { type Edit, emptyHistory, type History, outlined, redo, remember, type Shape, shapeOf, undo } from './model/history'
import { merge, type Region } from './model/regions'

/** The regions of the section on screen: what is drawn, what is selected, and the way back. */
export const useAnnotations = defineStore('annotations', () => {
  const autosave = useAutosave()
  const project = ref('')
  const section = ref<number>()
  const server = shallowRef<readonly Annotation[]>([])
  const problems = shallowRef<ReadonlyMap<string, readonly OutlineProblem[]>>(new Map())
  const histories = shallowRef<ReadonlyMap<number, History>>(new Map())
  const selected = ref<string>()
  const area = ref('') // of what is drawn next
  const hidden = shallowRef<ReadonlySet<string>>(new Set()) // areas with their eye closed
  const versions = new Map<string, number>() // newest the server told, deleted regions included
  let asked = 0
  let adopted = 0

  const regions = computed<Region[]>(() => merge(server.value, autosave.outbox, section.value))
  const selection = computed(() => regions.value.find((region) => region.uid === selected.value))
  const history = computed(() => histories.value.get(section.value ?? -1) ?? emptyHistory)

  function know(annotation: Annotation): void {
    versions.set(annotation.uid, Math.max(annotation.version, versions.get(annotation.uid) ?? 0))
  }

  async function open(inProject: string, number: number): Promise<void> {
    autosave.open(inProject)
    if (project.value !== inProject) histories.value = new Map()
    if (project.value !== inProject || section.value !== number) {
      server.value = []
      selected.value = undefined
    }
    project.value = inProject
    section.value = number
    await refresh()
  }

  /** Asks for the section's regions. An answer that a save or a later question overtook is older than what is shown. */
  async function refresh(): Promise<void> {
    const [inProject, number] = [project.value, section.value!]
    const [turn, adoptedBefore] = [++asked, adopted]
    const { annotations } = await listAnnotations(inProject, number)
    if (inProject !== project.value || number !== section.value || turn !== asked) return
    if (adopted !== adoptedBefore) return refresh()
    annotations.forEach(know)
    server.value = annotations
  }

  /** Takes one state from the server: what was saved, or what a correction made. */
  function adopt({ annotation, problems: found }: SavedAnnotation): void {
    know(annotation)
    adopted += 1
    problems.value = new Map(problems.value).set(annotation.uid, found)
    if (annotation.section !== section.value) return
    const others = server.value.filter((one) => one.uid !== annotation.uid)
    server.value = annotation.deleted ? others : [...others, annotation]
  }
  autosave.onSaved(adopt)

  function setHistory(next: History): void {
    histories.value = new Map(histories.value).set(section.value!, next)
  }

  function apply({ uid, after }: Edit): void {
    autosave.want(uid, section.value!, after ?? null, versions.get(uid) ?? 0)
    if (!after && selected.value === uid) selected.value = undefined
  }

  /** An edit by the person: applied, remembered for undo, and on its way to the server. */
  function change(uid: string, after: Shape | undefined): void {
    const region = regions.value.find((one) => one.uid === uid)
    const edit: Edit = { uid, before: region && shapeOf(region), after }
    setHistory(remember(history.value, edit))
    apply(edit)
  }

  function draw(paths: Paths): void {
    const uid = randomKey()
    change(uid, outlined(area.value, paths))
    selected.value = uid
  }

  function reshape(uid: string, paths: Paths): void {
    const region = regions.value.find((one) => one.uid === uid)
    if (region) change(uid, paths.length ? { ...shapeOf(region), paths } : undefined)
  }

  function walk(step: typeof undo): void {
    const taken = step(history.value)
    if (!taken) return
    setHistory(taken.history)
    apply(taken.edit)
    if (taken.edit.after) selected.value = taken.edit.uid
  }

  function select(uid: string | undefined): void {
    selected.value = uid
    if (selection.value) area.value = selection.value.area
  }

  function toggleHidden(name: string): void {
    const next = new Set(hidden.value)
    if (!next.delete(name)) next.add(name)
    hidden.value = next
  }

  return {
    project, section, regions, selected, selection, area, hidden, problems, history,
    open, refresh, adopt, draw, reshape, change, select, toggleHidden,
    remove: (uid: string) => change(uid, undefined),
    undo: () => walk(undo),
    redo: () => walk(redo),
  }
})
