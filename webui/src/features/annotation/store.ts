import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { listDeletedAnnotations, listRevisions } from '@/api/calls'
import { ApiError } from '@/api/errors'
import type { Annotation, OutlineProblem, Paths, SavedAnnotation } from '@/api/types'
import { useUndo, type Way } from '@/features/undo'
import { randomKey } from '@/shared/randomKey'

import { useAutosave } from './autosave'
import { type Edit, edited, editOf, fits, inverse, outlined, type Shape, shapeOf } from './model/history'
import type { Choice } from './model/outbox'
import { readDrawn } from './model/reading'
import { merge, type Region } from './model/regions'
import { refusalWords } from './model/words'

/** A region as the person wants it; undefined: it is to go. */
export interface Wanted {
  uid: string
  after: Shape | undefined
}

/** The edit by which a region came to be. */
export const madeBy = (region: Annotation): Edit => editOf(region.uid, undefined, shapeOf(region))!

/** The regions of the section on screen: what is drawn, what is selected, and the way back. */
export const useAnnotations = defineStore('annotations', () => {
  const autosave = useAutosave()
  const history = useUndo()
  const project = ref('')
  const section = ref<number>()
  const server = shallowRef<readonly Annotation[]>([])
  const problems = shallowRef<ReadonlyMap<string, readonly OutlineProblem[]>>(new Map())
  const selected = ref<string>()
  const area = ref('') // of what is drawn next
  const hidden = shallowRef<ReadonlySet<string>>(new Set()) // areas with their eye closed
  const versions = new Map<string, number>() // newest the server told, deleted regions included
  const born = new Set<string>() // drawn on this page: the server has no older state of them
  const preview = shallowRef<Shape>() // a state that could be brought back, shown over the section
  let held: ReadonlySet<string> = new Set()
  let late = false // something new of what was held was left out
  let asked = 0
  let adopted = 0
  let ready: Promise<unknown> = Promise.resolve() // the section's regions were read

  const regions = computed<Region[]>(() => merge(server.value, autosave.outbox, section.value))
  const selection = computed(() => regions.value.find((region) => region.uid === selected.value))

  function know(annotation: Annotation): void {
    versions.set(annotation.uid, Math.max(annotation.version, versions.get(annotation.uid) ?? 0))
  }

  async function open(inProject: string, number: number): Promise<void> {
    const moved = project.value !== inProject || section.value !== number
    if (moved) {
      server.value = []
      selected.value = preview.value = undefined
    }
    project.value = inProject
    section.value = number
    const read = Promise.all([autosave.open(inProject), history.open(inProject, number), refresh()])
    if (moved) ready = read
    await read
    ready = read // a first try may have failed
  }

  /** Asks for the section's regions. An answer that a save or a later question overtook is older than what is shown. */
  async function refresh(): Promise<void> {
    const [inProject, number] = [project.value, section.value!]
    const [turn, adoptedBefore] = [++asked, adopted]
    const annotations = await readDrawn(inProject, number, server.value)
    if (inProject !== project.value || number !== section.value || turn !== asked) return
    if (adopted !== adoptedBefore) return refresh()
    server.value = keepHeld(annotations)
  }

  /** What did not change stays the same object; what is being dragged stays as it was taken, until it is let go. */
  function keepHeld(annotations: readonly Annotation[]): Annotation[] {
    const known = new Map(server.value.map((one) => [one.uid, one]))
    const found = annotations.map((one) => {
      const old = known.get(one.uid)
      if (old?.version === one.version) return old
      late ||= !!old && held.has(one.uid)
      if (old && held.has(one.uid)) return old
      know(one)
      return one
    })
    const there = new Set(annotations.map(({ uid }) => uid))
    const gone = server.value.filter(({ uid }) => held.has(uid) && !there.has(uid))
    late ||= gone.length > 0
    return [...found, ...gone]
  }

  /** These regions are in somebody's hand: what others make of them is shown when they are let go, and is a conflict if they were changed. */
  function hold(uids: Iterable<string>): void {
    held = new Set(uids)
    if (held.size || !late) return
    late = false
    void refresh().catch(() => (late = true))
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

  /** The region as the person sees it. */
  function now(uid: string): Shape | undefined {
    const region = regions.value.find((one) => one.uid === uid)
    return region && shapeOf(region)
  }

  function apply({ uid, after }: Wanted): void {
    autosave.want(uid, section.value!, after ?? null, versions.get(uid) ?? 0)
    if (!after && selected.value === uid) selected.value = undefined
  }

  /** An edit by the person, of one region or of several: applied, one step for undo, and on its way to the server. */
  function changeAll(changes: readonly Wanted[]): void {
    const edits = changes.flatMap(({ uid, after }) => editOf(uid, now(uid), after) ?? [])
    if (!edits.length) return
    const changed = new Set(edits.map(({ uid }) => uid))
    for (const { uid, prints: [before] } of edits) if (!before && !versions.has(uid)) born.add(uid)
    changes.filter(({ uid }) => changed.has(uid)).forEach(apply)
    history.did('regions', edits)
  }

  const change = (uid: string, after: Shape | undefined): void => changeAll([{ uid, after }])

  /** After a reload nobody knows at which version a region was deleted. */
  async function learnVersion(uid: string): Promise<void> {
    if (versions.has(uid) || born.has(uid) || autosave.outbox.has(uid)) return
    try {
      const [newest] = (await listRevisions(project.value, uid)).revisions
      if (newest) versions.set(uid, newest.version)
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 404) throw thrown // 404: it was never saved
    }
  }

  /** All edits of a step or none: where another person has changed one of the regions since, they stay as they are. */
  async function walk(what: unknown, way: Way): Promise<string | void> {
    const number = section.value
    await ready
    const edits = (what as Edit[]).map((edit) => (way === 'back' ? inverse(edit) : edit))
    await Promise.all(edits.filter(({ prints: [before] }) => !before).map(({ uid }) => learnVersion(uid)))
    if (number !== section.value) throw new ApiError(0, 'elsewhere', 'Another section was opened meanwhile: nothing was changed.')
    const stranger = edits.find((edit) => !fits(edit, now(edit.uid)))
    if (stranger) return refusalWords(server.value.find(({ uid }) => uid === stranger.uid), way)
    for (const edit of edits) apply({ uid: edit.uid, after: edited(edit, now(edit.uid)) })
    selected.value = edits.find(({ facts: [, after] }) => after)?.uid ?? selected.value
  }
  history.teach('regions', walk)

  /** The server made these in one go, as an import does: one step for undo. */
  async function made(uids: readonly string[]): Promise<void> {
    await refresh()
    const edits = uids.flatMap((uid) => editOf(uid, undefined, now(uid)) ?? [])
    if (edits.length) history.did('regions', edits)
  }

  /** The person's choice in a conflict; it can be undone like any edit. */
  function resolve(uid: string, choice: Choice): void {
    const uids = choice.keep === 'both' ? [uid, choice.newUid] : [uid]
    const before = uids.map(now)
    if (choice.keep === 'both') born.add(choice.newUid)
    autosave.resolve(uid, choice)
    const edits = uids.flatMap((one, index) => editOf(one, before[index], now(one)) ?? [])
    if (edits.length) history.did('regions', edits)
  }

  /** The section's deleted regions; each can be drawn again as the region it was. */
  async function deleted(): Promise<Annotation[]> {
    const { annotations } = await listDeletedAnnotations(project.value, section.value!)
    annotations.forEach(know)
    return annotations
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
    project, section, server, regions, selected, selection, area, hidden, problems, preview,
    open, refresh, adopt, made, walk, hold, resolve, deleted, draw, reshape, change, changeAll, select, toggleHidden,
    remove: (uid: string) => change(uid, undefined),
  }
})
