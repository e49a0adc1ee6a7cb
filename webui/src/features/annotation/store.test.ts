import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'

import { listDeletedAnnotations, listRevisions, saveAnnotation } from '@/api/calls'
import { ApiError, noAnswer } from '@/api/errors'
import type { Annotation, AnnotationRevision } from '@/api/types'
import { useUndo } from '@/features/undo'

import { useAutosave } from './autosave'
import { editOf, outlined, type Shape } from './model/history'
import { readDrawn } from './model/reading'
import { useAnnotations } from './store'

vi.mock('@/api/calls', () => ({
  listDeletedAnnotations: vi.fn(), listRevisions: vi.fn(), saveAnnotation: vi.fn(), deleteAnnotation: vi.fn(),
}))
vi.mock('./model/reading', () => ({ readDrawn: vi.fn() }))
const read = vi.mocked(readDrawn)

const region = (version: number): Annotation => ({
  uid: 'a'.repeat(32), project: 'demo', section: 911, area: 'hOc1', paths: [[[0, 0], [9, 0], [9, 9]]],
  shape: 'region', text: '', order: 0, author: 'ada', version, source: { kind: 'drawn' }, deleted: false, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z',
})

beforeEach(() => {
  read.mockReset()
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined, removeItem: () => undefined, length: 0, key: () => null })
  vi.stubGlobal('addEventListener', () => undefined)
  setActivePinia(createPinia())
})

/** An answer that comes when it is told to. */
function later() {
  let answer!: (annotations: readonly Annotation[]) => void
  read.mockImplementationOnce(() => new Promise((resolve) => { answer = resolve }))
  return (annotations: readonly Annotation[]) => answer(annotations)
}

async function opened(...annotations: Annotation[]) {
  const store = useAnnotations()
  read.mockResolvedValueOnce(annotations)
  await store.open('demo', 911)
  return store
}

test('a list asked for before a save does not take the saved region away', async () => {
  const store = await opened()
  const answerOld = later()
  const refreshed = store.refresh()
  store.adopt({ annotation: region(3), problems: [] })
  const answerNew = later()
  answerOld([])
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(3))
  expect(store.regions.map((one) => one.annotation?.version)).toEqual([3])
  answerNew([region(3)])
  await refreshed
  expect(store.regions.map((one) => one.annotation?.version)).toEqual([3])
})

test('of two lists asked for, the later one counts, whatever comes first', async () => {
  const store = await opened()
  const [answerFirst, first] = [later(), store.refresh()]
  const [answerSecond, second] = [later(), store.refresh()]
  answerSecond([region(2)])
  answerFirst([region(1)])
  await Promise.all([first, second])
  expect(store.regions.map((one) => one.annotation?.version)).toEqual([2])
})

const uid = 'a'.repeat(32)
const shape = (x: number): Shape => outlined('hOc1', [[[x, 0], [9, 0], [9, 9]]])
const seen = (store: ReturnType<typeof useAnnotations>) => Object.fromEntries(store.regions.map((one) => [one.uid, one.paths[0]![0]![0]]))

test('a step of several edits is undone and redone as one', async () => {
  const store = await opened(region(3))
  const undo = useUndo()
  store.change('c', shape(7))
  store.changeAll([{ uid, after: shape(5) }, { uid: 'b', after: shape(6) }, { uid: 'c', after: undefined }])
  expect(seen(store)).toEqual({ [uid]: 5, b: 6 })
  await undo.undo()
  expect(seen(store)).toEqual({ [uid]: 0, c: 7 })
  await undo.redo()
  expect(seen(store)).toEqual({ [uid]: 5, b: 6 })
  await undo.undo()
  await undo.undo()
  expect(seen(store)).toEqual({ [uid]: 0 })
  expect([undo.canUndo, undo.canRedo]).toEqual([false, true])
})

test('what changes nothing is no step', async () => {
  const store = await opened(region(3))
  store.changeAll([{ uid, after: shape(0) }])
  expect(useUndo().canUndo).toBe(false)
})

test('a step is not undone where another person has changed one of its regions since: nothing of it is, and it says so', async () => {
  const store = await opened(region(3))
  const undo = useUndo()
  store.changeAll([{ uid, after: shape(5) }, { uid: 'b', after: shape(6) }])
  vi.mocked(saveAnnotation).mockImplementation(async (_, saved, { version, area, paths }) => (
    { annotation: { ...region(version + 1), uid: saved, area, paths }, problems: [] }
  ))
  await useAutosave().flush()
  store.adopt({ annotation: { ...region(5), ...shape(8), author: 'erika' }, problems: [] })
  await undo.undo()
  expect(seen(store)).toEqual({ [uid]: 8, b: 6 })
  expect(undo.word).toContain('erika changed the region')
  expect(undo.canUndo).toBe(false)
})

test('after a reload a deletion is undone at the version that the server has of it', async () => {
  await opened()
  const undo = useUndo()
  undo.did('regions', [editOf(uid, shape(5), undefined)])
  vi.mocked(listRevisions).mockResolvedValueOnce({ revisions: [{ version: 8 } as AnnotationRevision] })
  await undo.undo()
  expect(useAutosave().outbox.get(uid)).toMatchObject({ version: 8, wanted: shape(5) })
})

test('without an answer a step waits for the next try', async () => {
  await opened()
  const undo = useUndo()
  undo.did('regions', [editOf(uid, shape(5), undefined)])
  vi.mocked(listRevisions).mockRejectedValueOnce(noAnswer('away'))
  await undo.undo()
  expect(undo.word).toContain('does not answer')
  expect(undo.canUndo).toBe(true)
})

test('what others make of a region in hand waits until it is let go, and rests on what the hand took', async () => {
  const store = await opened(region(3))
  store.hold([uid])
  read.mockResolvedValueOnce([{ ...region(4), ...shape(8) }, { ...region(1), uid: 'b' }])
  await store.refresh()
  expect(seen(store)).toEqual({ [uid]: 0, b: 0 })
  store.change(uid, shape(5))
  expect(useAutosave().outbox.get(uid)).toMatchObject({ version: 3 }) // so the server calls it a conflict
  read.mockResolvedValueOnce([{ ...region(4), ...shape(8) }])
  store.hold([])
  await vi.waitFor(() => expect(seen(store)).toEqual({ [uid]: 5 }))
})

test('a region deleted by another stays in the hand that holds it', async () => {
  const store = await opened(region(3))
  store.hold([uid])
  read.mockResolvedValue([])
  await store.refresh()
  expect(seen(store)).toEqual({ [uid]: 0 })
  store.hold([])
  await vi.waitFor(() => expect(seen(store)).toEqual({}))
})

test('what did not change is the same object after a refresh, so that work under way on it still fits', async () => {
  const store = await opened(region(3))
  const before = store.regions[0]!.paths
  read.mockResolvedValueOnce([region(3)])
  await store.refresh()
  expect(store.regions[0]!.paths).toBe(before)
})

async function conflict() {
  const store = await opened(region(3))
  store.change(uid, shape(5))
  const current = { ...region(4), ...shape(8), author: 'erika' }
  vi.mocked(saveAnnotation).mockRejectedValueOnce(new ApiError(409, 'version_conflict', 'changed meanwhile', { current }))
  await useAutosave().flush()
  expect(useAutosave().conflicts).toHaveLength(1)
  return store
}

test('theirs taken in a conflict can be undone: mine comes back on top of theirs', async () => {
  const store = await conflict()
  store.resolve(uid, { keep: 'theirs' })
  expect(seen(store)).toEqual({ [uid]: 8 })
  await useUndo().undo()
  expect(useAutosave().outbox.get(uid)).toMatchObject({ version: 4, wanted: shape(5) })
})

test('both kept are two regions, united they are one, on top of theirs', async () => {
  const store = await conflict()
  store.resolve(uid, { keep: 'both', newUid: 'n' })
  expect(seen(store)).toEqual({ [uid]: 8, n: 5 })
  setActivePinia(createPinia())
  const other = await conflict()
  other.resolve(uid, { keep: 'union', paths: shape(2).paths })
  expect(seen(other)).toEqual({ [uid]: 2 })
  expect(useAutosave().outbox.get(uid)).toMatchObject({ version: 4 })
})

test('a deleted region is restored at the version of its deletion', async () => {
  const store = await opened()
  vi.mocked(listDeletedAnnotations).mockResolvedValueOnce({ annotations: [{ ...region(6), deleted: true }] })
  const [found] = await store.deleted()
  store.change(found!.uid, shape(0))
  expect(useAutosave().outbox.get(uid)).toMatchObject({ version: 6 })
})
