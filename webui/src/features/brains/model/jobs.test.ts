import { expect, test } from 'vitest'

import { job, section, step } from './examples'
import { activeJobs, foremostJobs, jobTitle, jobWords, offer, settledMark } from './jobs'
import { entries } from './sections'

const NONE: ReadonlySet<number> = new Set()
const BRAIN = entries([section(901, { tissue: 'computed', step: step(901) }), section(911), section(921)])
const DONE = entries([section(901, { tissue: 'computed', step: step(901) }), section(911, { tissue: 'corrected' })])

test('a job says what it does on how many sections', () => {
  expect(jobTitle(job('a'))).toBe('Finding tissue on 2 sections')
  expect(jobTitle(job('a', { kind: 'align' }, [901]))).toBe('Aligning 1 section')
})

test('an ended job is on its way until its results are in the brain', () => {
  expect(jobWords(job('a', { state: 'succeeded' }))).toBe('done, results are being brought in')
  expect(jobWords(job('a', { state: 'succeeded', result_state: 'ready' }))).toBe('done')
  const jobs = [job('waits', { state: 'cancelled' }), job('done', { state: 'succeeded', result_state: 'ready' }), job('runs')]
  expect(activeJobs(jobs).map(({ report }) => report.key)).toEqual(['waits', 'runs'])
})

test('the panel shows what is on its way, else the job that ended last, until it is closed', () => {
  const ended = (key: string, finished_at: string) => job(key, { state: 'succeeded', result_state: 'ready', finished_at })
  const old = [ended('new', '2026-01-01T02:00:00Z'), ended('old', '2026-01-01T01:00:00Z')]
  expect(foremostJobs(old, new Set()).map(({ report }) => report.key)).toEqual(['new'])
  expect(foremostJobs(old, new Set(['new']))).toEqual([])
  expect(foremostJobs([job('runs'), ...old], new Set()).map(({ report }) => report.key)).toEqual(['runs'])
})

test('the mark of settled jobs changes when a job ends and when its results arrive, not with progress', () => {
  const progress = { at: '2026-01-01T00:00:00Z', phase: 'p', step: 1, of: 2, loss: null, metrics: {}, eta_s: null }
  expect(settledMark([job('a')])).toBe(settledMark([job('a', { progress })]))
  const marks = [{}, { state: 'succeeded' }, { state: 'succeeded', result_state: 'ready' }] as const
  expect(new Set(marks.map((facts) => settledMark([job('a', facts)]))).size).toBe(3)
})

test('without a choice the missing ones are asked for by an empty list', () => {
  expect(offer('tissue', BRAIN, NONE, [])).toEqual({ words: 'Find tissue (2)', sections: [], refused: '' })
  expect(offer('align', BRAIN, NONE, [])).toEqual({ words: 'Align sections (1)', sections: [], refused: '' })
})

test('chosen sections are asked for by number, the last one never for alignment', () => {
  expect(offer('tissue', BRAIN, new Set([921, 901]), [])).toMatchObject({ words: 'Find tissue (2)', sections: [901, 921] })
  expect(offer('align', BRAIN, new Set([901, 921]), [])).toMatchObject({ words: 'Align sections (1)', sections: [901] })
  expect(offer('align', BRAIN, new Set([921]), []).refused).toContain('last section')
})

test('a button that cannot be pressed says why', () => {
  expect(offer('tissue', DONE, NONE, []).refused).toContain('tissue of every section is there')
  expect(offer('align', DONE, NONE, []).refused).toContain('aligned to the next one')
  expect(offer('tissue', BRAIN, NONE, [job('a')]).refused).toContain('running already')
  expect(offer('align', BRAIN, NONE, [job('a')]).refused).toBe('')
  expect(offer('align', BRAIN, NONE, [], false).refused).toContain('managers of a project')
})
