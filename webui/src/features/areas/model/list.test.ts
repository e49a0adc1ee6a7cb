import { expect, test } from 'vitest'

import { added, against, aliasesOf, changed, moved, nameOf, ownArea, without } from './list'

const first = ownArea([], 'a')
const LIST = [first, ownArea([first], 'b'), ownArea([first], 'c')]
const names = (list: readonly { name: string }[]) => list.map((area) => area.name).join('')

test('an area is in the list once, whatever its capitals', () => {
  expect(names(added(LIST, ownArea(LIST, 'd')))).toBe('abcd')
  expect(names(added(LIST, ownArea(LIST, 'B')))).toBe('abc')
})

test('an own area gets a colour nobody has yet', () => {
  expect(LIST[1]!.colour).not.toBe(first.colour)
})

test('areas move within the list and never out of it', () => {
  expect(names(moved(LIST, 'b', -1))).toBe('bac')
  expect(names(moved(LIST, 'c', 1))).toBe('abc')
  expect(names(moved(LIST, 'a', -1))).toBe('abc')
  expect(names(without(LIST, 'b'))).toBe('ac')
})

test('a change is of one area and leaves the old list as it was', () => {
  expect(changed(LIST, 'b', { colour: '#000000' }).map((area) => area.colour === '#000000')).toEqual([false, true, false])
  expect(LIST[1]!.colour).not.toBe('#000000')
})

test('other names are divided by commas, each once', () => {
  expect(aliasesOf(' V1, 17,, V1 ')).toEqual(['V1', '17'])
})

test('whatever is typed becomes a name that files and addresses bear, and stays as the description', () => {
  expect(['Area 17', ' Übergang hOc1/2 ', 'hOc1_a.2', '???'].map(nameOf)).toEqual(['Area-17', 'Ubergang-hOc1-2', 'hOc1_a.2', ''])
  expect(ownArea([], 'Area 17')).toMatchObject({ name: 'Area-17', long_name: 'Area 17' })
})

test('what cannot be a name is said in words', () => {
  expect(against(LIST, 'Area 17')).toContain('letters')
  expect(against(LIST, 'A')).toContain('already')
  expect(against(LIST, 'hOc1')).toBe('')
})
