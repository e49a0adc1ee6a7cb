import { beforeEach, expect, test, vi } from 'vitest'

import { listAnnotations, listVersions } from '@/api/calls'
import type { Annotation } from '@/api/types'

import { readDrawn } from './reading'

vi.mock('@/api/calls', () => ({ listAnnotations: vi.fn(), listVersions: vi.fn() }))
const listed = vi.mocked(listAnnotations)

const drawn = (uid: string, version = 1, order = 0, created_at = '2026-01-01T00:00:00Z') =>
  ({ uid, version, order, created_at, section: 911 }) as unknown as Annotation

/** A server that has these on the section. */
function has(...annotations: Annotation[]) {
  vi.mocked(listVersions).mockResolvedValue({ versions: Object.fromEntries(annotations.map(({ uid, version }) => [uid, version])) })
  listed.mockImplementation(async (_project, _section, only) => ({ annotations: annotations.filter(({ uid }) => !only || only.includes(uid)) }))
}

beforeEach(() => void vi.clearAllMocks())

test('a section that was not read yet is read whole', async () => {
  has(drawn('a'), drawn('b'))
  expect(await readDrawn('demo', 911, [])).toEqual([drawn('a'), drawn('b')])
  expect(listed).toHaveBeenCalledExactlyOnceWith('demo', 911)
  expect(listVersions).not.toHaveBeenCalled()
})

test('only what changed is read again, and what was deleted is gone', async () => {
  const known = [drawn('a'), drawn('b'), drawn('c')]
  has(drawn('a'), drawn('c', 2), drawn('d'))
  const found = await readDrawn('demo', 911, known)
  expect(found).toEqual([drawn('a'), drawn('c', 2), drawn('d')])
  expect(found[0]).toBe(known[0])
  expect(listed).toHaveBeenCalledExactlyOnceWith('demo', 911, ['c', 'd'])
})

test('where nothing changed nothing is read', async () => {
  has(drawn('a'))
  expect(await readDrawn('demo', 911, [drawn('a'), drawn('b')])).toEqual([drawn('a')])
  expect(listed).not.toHaveBeenCalled()
})

test('after a great change the section is read whole', async () => {
  const many = Array.from({ length: 101 }, (_, number) => drawn(`r${number}`))
  has(drawn('a'), ...many)
  expect(await readDrawn('demo', 911, [drawn('a')])).toHaveLength(102)
  expect(listed).toHaveBeenCalledExactlyOnceWith('demo', 911)
})

test('the order is the one of the server: by place in the stack, then by making', async () => {
  const stack = [
    drawn('d', 1, -1, '2026-01-02T00:00:00Z'), drawn('b', 1, 0, '2026-01-01T00:00:00Z'), drawn('c', 1, 0, '2026-01-01T00:00:00.5Z'),
    drawn('a', 1, 0, '2026-01-01T00:00:01Z'), drawn('e', 1, 0, '2026-01-01T00:00:01Z'),
  ]
  has(...stack)
  for (const known of stack) expect((await readDrawn('demo', 911, [known])).map(({ uid }) => uid)).toEqual(['d', 'b', 'c', 'a', 'e'])
})
