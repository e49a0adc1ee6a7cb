/** Sections and jobs for the tests of this feature. */
import type { AlignmentStep, BrainJob, SectionFacts } from '@/api/types'

export const section = (number: number, facts: Partial<SectionFacts> = {}): SectionFacts => ({
  number, thumbnail_url: `/thumbnail/${number}`, width_mm: 26, height_mm: 33.04, flags: [], problem: '', tissue: 'missing', step: null, ...facts,
})

export const step = (number: number, facts: Partial<AlignmentStep> & { weak?: boolean; mirrored?: boolean } = {}): AlignmentStep => {
  const { weak = false, mirrored = false, ...rest } = facts
  return {
    section: number, successor: number + 10, transform: { angle_rad: 0, dx_um: 0, dy_um: 0, mirrored }, residual_um: 44.6,
    quality: { matches: 400, inliers: 312, weak }, hand_set: false, author: null, computed: null, ...rest,
  }
}

export const job = (key: string, report: Partial<BrainJob['report']> = {}, sections: number[] = [901, 911]): BrainJob => ({
  brain: 'B20', sections, author: 'anna', created_at: '2026-01-01T00:00:00Z',
  report: {
    key, kind: 'tissue', title: '', state: 'running', result_state: 'waiting', reason: '', details: '', attempts: 1,
    created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, progress: null, results: [], ...report,
  },
})
