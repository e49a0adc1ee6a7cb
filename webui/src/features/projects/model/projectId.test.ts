import { expect, test } from 'vitest'

import { projectId } from './projectId'

test('a title becomes an identifier that is safe in an address', () => {
  expect(projectId('Visual areas, left', 'B20')).toBe('visual-areas-left')
  expect(projectId('  Übersicht  ', 'B20')).toBe('ubersicht')
  expect(projectId('???', 'B20')).toBe('b20')
  expect(projectId('x'.repeat(200), 'B20')).toHaveLength(64)
})
