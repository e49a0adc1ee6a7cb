import { expect, test } from 'vitest'

import type { PersonHere } from '@/api/types'

import { initials, others } from './people'

let pages = 0
const on = (user: string, section: number | null, display_name = ''): PersonHere => ({ page: String(++pages), user, display_name, section })

test('a name in a circle is two letters', () => {
  expect(['Erika Muster', 'demo', 'x', 'Ada de la Lovelace', 'anna.k', ''].map(initials)).toEqual(['EM', 'DE', 'X', 'AL', 'AK', ''])
})

test('everybody else is seen once, those on this section first', () => {
  const people = [on('me', 911), on('bo', 921, 'Bo'), on('cy', null), on('cy', 911), on('bo', null, 'Bo'), on('dee', null)]
  expect(others(people, 'me', 911)).toEqual([
    { user: 'cy', here: true, section: undefined, initials: 'CY', words: 'cy is on this section too' },
    { user: 'bo', here: false, section: 921, initials: 'BO', words: 'Bo is on section 0921' },
    { user: 'dee', here: false, section: undefined, initials: 'DE', words: "dee is on the project's page" },
  ])
})
