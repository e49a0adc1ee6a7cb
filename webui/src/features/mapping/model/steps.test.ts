import { describe, expect, it } from 'vitest'

import type { MappingJob, MappingPreset, ProjectSummary } from '@/api/types'

import { annotatedAreas, type Choice, isActive, newest, newestDone, offers, type Other } from './steps'

const job = (kind: string, key: string, state = 'succeeded', result_state = 'ready') =>
  ({ report: { kind, key, state, result_state, title: kind } }) as unknown as MappingJob
const project = (id: string, brain: string, annotated: Record<string, number>) =>
  ({
    project: { id, brain, title: id, areas: ['hOc1', 'hOc2', 'hOc3d'] }, brain_title: brain,
    progress: Object.entries(annotated).map(([name, count]) => ({ area: { name }, annotated: count })),
  }) as unknown as ProjectSummary
const PRESET = {
  name: 'demo', encoder: { encoder: 'base' }, classifier: {}, midsurface: { kind: 'midsurface', voxel_um: 300, without: [] },
  graph: { layer: 'gat' },
} as unknown as MappingPreset
const CHOICE: Choice = { areas: ['hOc1', 'hOc2'], preset: PRESET, others: [], without: [], known: ['cytoarchitecture', 'coordinates'] }
const other = (learn: boolean): Other => ({ project: project('second', 'B21', { hOc1: 2 }), learn })
const NONE = new Map<string, string>()

describe('steps', () => {
  it('show the newest job of a kind, and the newest whose results are here', () => {
    const jobs = [job('features', 'c', 'failed'), job('features', 'b', 'succeeded', 'waiting'), job('features', 'a')]
    expect(newest(jobs, 'features')?.report.key).toBe('c')
    expect(newestDone(jobs, 'features')?.report.key).toBe('a')
    expect(jobs.map(isActive)).toEqual([false, true, false])
  })

  it('offer the areas annotated where something is learnt', () => {
    const own = project('demo', 'B20', { hOc2: 1, hOc1: 0 })
    expect(annotatedAreas(own, [])).toEqual(['hOc2'])
    expect(annotatedAreas(own, [other(true)])).toEqual(['hOc1', 'hOc2'])
    expect(annotatedAreas(own, [other(false)])).toEqual(['hOc2'])
  })

  it('start in order: the classifier wants features, the areas want a surface', () => {
    const first = offers(CHOICE, [], NONE, true)
    expect([first.features.refused, first.midsurface.refused]).toEqual(['', ''])
    expect([first.classify_patches.refused, first.graph.refused]).toEqual(['Learn features first.', 'Compute the surface first.'])
    const later = offers(CHOICE, [job('midsurface', 's'), job('features', 'f')], NONE, true)
    expect(later.classify_patches.parameters).toMatchObject({ features_job: 'f', areas: ['hOc1', 'hOc2'] })
    expect(later.graph.parameters).toMatchObject({ midsurface_jobs: ['s'], features_job: 'f', settings: { features: ['cytoarchitecture', 'coordinates'] } })
  })

  it('find areas without deep features where none were learnt', () => {
    const { graph } = offers(CHOICE, [job('midsurface', 's')], NONE, true)
    expect(graph.parameters).toMatchObject({ features_job: null, settings: { features: ['coordinates'] } })
    const only = offers({ ...CHOICE, known: ['cytoarchitecture'] }, [job('midsurface', 's')], NONE, true)
    expect(only.graph.refused).toContain('want to be learnt')
    const place = offers({ ...CHOICE, known: ['coordinates'] }, [job('midsurface', 's'), job('features', 'f')], NONE, true)
    expect(place.graph.parameters).toMatchObject({ features_job: null, settings: { layer: 'gat', features: ['coordinates'] } })
  })

  it('say why not: one area, a job on its way, no role, no preset', () => {
    expect(offers({ ...CHOICE, areas: ['hOc1'] }, [], NONE, true).features.refused).toContain('at least two')
    expect(offers(CHOICE, [job('features', 'f', 'running', 'waiting')], NONE, true).features.refused).toContain('running already')
    expect(offers(CHOICE, [], NONE, false).midsurface.refused).toContain('Annotators and managers')
    expect(offers({ ...CHOICE, preset: undefined }, [], NONE, true).features.refused).toContain('presets')
  })

  it('take further brains along, to learn from or to test on, each with its own surface', () => {
    const choice = { ...CHOICE, others: [other(false)] }
    const jobs = [job('midsurface', 's')]
    expect(offers(choice, jobs, NONE, true).features).toMatchObject({ more: ['second'], parameters: { transfer: ['B21'] } })
    expect(offers(choice, jobs, NONE, true).graph.refused).toContain('surface of B21')
    expect(offers(choice, jobs, new Map([['second', 't']]), true).graph.parameters).toMatchObject({ midsurface_jobs: ['s', 't'], transfer: ['B21'] })
    expect(offers(choice, jobs, NONE, true).midsurface.more).toEqual([])
  })
})
