import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'

import { listAnnotations } from '@/api/calls'
import type { Annotation } from '@/api/types'

import { useAnnotations } from './store'

vi.mock('@/api/calls', () => ({ listAnnotations: vi.fn() }))
const listed = vi.mocked(listAnnotations)

const region = (version: number): Annotation => ({
  uid: 'a'.repeat(32), project: 'demo', section: 911, area: 'hOc1', paths: [[[0, 0], [9, 0], [9, 9]]],
  shape: 'region', text: '', order: 0, author: 'ada', version, source: { kind: 'drawn' }, deleted: false, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z',
})

beforeEach(() => {
  listed.mockReset()
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined, removeItem: () => undefined, length: 0, key: () => null })
  setActivePinia(createPinia())
})

/** An answer that comes when it is told to. */
function later() {
  let answer!: (annotations: readonly Annotation[]) => void
  listed.mockImplementationOnce(() => new Promise((resolve) => { answer = (annotations) => resolve({ annotations: [...annotations] }) }))
  return (annotations: readonly Annotation[]) => answer(annotations)
}

async function opened(...annotations: Annotation[]) {
  const store = useAnnotations()
  listed.mockResolvedValueOnce({ annotations })
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
  await vi.waitFor(() => expect(listed).toHaveBeenCalledTimes(3))
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
