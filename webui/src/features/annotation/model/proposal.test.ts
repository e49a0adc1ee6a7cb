import { expect, test } from 'vitest'

import type { SectionState } from '@/api/types'

import { around, proposalWords, whyNoProposal } from './proposal'

const state = (number: number, annotated: boolean, area = 'hOc1'): SectionState => ({
  number, thumbnail_url: '', marks: [{ area, annotated, predicted: false, verdict: null, mean_confidence: null, doubt: null }],
})
const states = [state(901, true), state(911, false), state(921, true, 'hOc2'), state(931, false), state(941, true), state(951, false)]

test('a proposal comes from the nearest annotated sections of its own area', () => {
  expect(around(states, 'hOc1', 931)).toEqual([901, 941])
  expect(around(states, 'hOc1', 951)).toEqual([941, undefined])
})

test('where nothing can be proposed the reason is said', () => {
  expect(whyNoProposal(states, 'hOc1', 911, false)).toBe('')
  expect(whyNoProposal(states, 'hOc1', 911, true)).toMatch(/drawn on this section already/)
  expect(whyNoProposal(states, 'hOc1', 951, false)).toMatch(/none after/)
  expect(whyNoProposal(states, 'hOc2', 911, false)).toMatch(/none before/)
  expect(whyNoProposal(states, '', 911, false)).toMatch(/area/)
})

test('a proposal says where it comes from and how far that is', () => {
  const proposal = { area: 'hOc1', section: 911, between: [901, 941] as [number, number], distance_mm: 0.2, alignment_doubt: '' }
  expect(proposalWords({ ...proposal, paths: [[[0, 0], [9, 0], [9, 9]]] }))
    .toBe('hOc1 interpolated between sections 0901 and 0941, 0.20 mm from the nearer. Correct it, or undo.')
  expect(proposalWords({ ...proposal, paths: [] })).toMatch(/draw it by hand/)
})

test('a proposal along an alignment that is not certain says so', () => {
  const proposal = { area: 'hOc1', section: 911, between: [901, 941] as [number, number], distance_mm: 0.2, alignment_doubt: 'a step is weak' }
  for (const paths of [[], [[[0, 0], [9, 0], [9, 9]] as [number, number][]]]) {
    expect(proposalWords({ ...proposal, paths })).toMatch(/Careful: a step is weak\.$/)
  }
})
