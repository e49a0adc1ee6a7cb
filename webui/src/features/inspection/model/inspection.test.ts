import { describe, expect, it } from 'vitest'

import type { Inspection, InspectionView } from '@/api/types'

import { firstLayer, inputWords, isComing, layerTitle, nothingToHide, shareWords, shownWords, squareOf, stateWords, within } from './inspection'

const grid = { pixel_size_um: 16, origin_um: [1000, 2000] as [number, number], width_px: 256, height_px: 256 }
const low = { name: 'low' as const, file: 'l.png', grid: { pixel_size_um: 16, origin_um: [-3512, -2512] as [number, number], width_px: 820, height_px: 820 } }
const high = { name: 'high' as const, file: 'h.png', grid: { pixel_size_um: 2, origin_um: [-512, 488] as [number, number], width_px: 3561, height_px: 3561 } }
const sheet = (layer: string) => ({ layer, maps: 4, width_px: 8, height_px: 8, file: `${layer}.png` })
const inspection = {
  section: 921, areas: ['hOc1', 'hOc2'], grid, image_file: 'i.png', inputs: [high, low], occlusions: [],
  features: [sheet('a'), sheet('decoder.stages.3'), sheet('decoder.classifier')],
} as unknown as Inspection

const view = (state: string, result_state: string, more: object = {}): InspectionView =>
  ({ job: { report: { state, result_state, reason: '', ...more } }, inspection: null }) as unknown as InspectionView

describe('places', () => {
  it('puts the labelled square where it lies within an input', () => {
    const outer = { x_um: 0, y_um: 0, side_um: 8192 }
    expect(within(squareOf(grid), outer)).toEqual({ left: '12.21%', top: '24.41%', width: '50.00%', height: '50.00%' })
  })

  it('says how large an input is and of what pixels', () => {
    expect(inputWords(high)).toBe('high: 7.1 mm at 2 µm')
    expect(inputWords(low)).toBe('low: 13.1 mm at 16 µm')
  })
})

describe('what is hidden', () => {
  const occlusion = (shown: ('high' | 'low')[]) => ({ shown, probability_files: [], shares: [0.416, 0] })

  it('is said in words, and how much is found then', () => {
    expect(shownWords(occlusion(['high', 'low']), 2)).toBe('both resolutions')
    expect(shownWords(occlusion(['low']), 2)).toBe('only low')
    expect(shownWords(occlusion(['low']), 1)).toBe('as trained')
    expect(shareWords(occlusion(['low']), inspection.areas)).toBe('hOc1 42 %, hOc2 0 %')
  })

  it('is nothing for a network with one input, and that is told with the remedy', () => {
    expect(nothingToHide(inspection)).toBe('')
    expect(nothingToHide({ ...inspection, inputs: [low] })).toMatch(/low resolution alone.*MS U-Net/)
  })
})

describe('layers', () => {
  it('have names for people', () => {
    expect(layerTitle('high_encoder.blocks.0.1')).toBe('High resolution, block 1')
    expect(layerTitle('low_encoder.blocks.5.1')).toBe('Low resolution, block 6')
    expect(layerTitle('decoder.stages.3')).toBe('Way back, stage 4')
    expect(layerTitle('first_stage')).toBe('Way back, first stage')
    expect(layerTitle('decoder.classifier')).toMatch(/^Classes/)
    expect(layerTitle('something.new')).toBe('something.new')
  })

  it('begin with the last before the classes', () => {
    expect(firstLayer(inspection)).toBe('decoder.stages.3')
  })
})

describe('a look', () => {
  it('is waited for until its pictures are here or none will come', () => {
    expect(isComing(view('submitted', 'waiting'))).toBe(true)
    expect(isComing(view('succeeded', 'ready'))).toBe(true)
    expect(isComing({ ...view('succeeded', 'ready'), inspection })).toBe(false)
    expect(isComing(view('failed', 'incomplete'))).toBe(false)
    expect(isComing(view('succeeded', 'unavailable'))).toBe(false)
  })

  it('says how it stands', () => {
    expect(stateWords(view('submitted', 'waiting'))).toBe('waiting for its turn')
    expect(stateWords(view('succeeded', 'ready'))).toBe('bringing the pictures')
    expect(stateWords(view('failed', 'incomplete', { reason: 'no memory' }))).toBe('failed: no memory')
    expect(stateWords(view('succeeded', 'unavailable'))).toMatch(/look again/)
  })
})
