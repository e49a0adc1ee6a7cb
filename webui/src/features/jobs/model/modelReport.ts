/** A model's report in words. */
import type { ModelReport } from '@/api/types'
import { percent } from '@/shared/format'

const GOOD_ECE = 0.05
const BINS = 15 // of equal width; empty ones are not told

type Calibration = NonNullable<ModelReport['calibration']>

/** The F1 of each area: on the training patches, and where there is one on the blocks kept out of training. */
export function scores({ areas, training_f1, validation_f1 }: ModelReport): { area: string; training?: number; validation?: number }[] {
  return areas.map((area) => ({ area, training: training_f1[area], validation: validation_f1?.[area] }))
}

/** Whether the model's probabilities can be taken at their word. */
export function calibrationWords({ ece_before, ece_after, temperature }: Calibration): string {
  const means = ece_after <= GOOD_ECE ? 'its probabilities can be taken at their word' : 'take its probabilities with care'
  return `Calibration error ${digits(ece_after)} (${digits(ece_before)} before, temperature ${temperature.toFixed(2)}): ${means}.`
}

export interface ReliabilityPlot {
  bars: { x: number; width: number; height: number; title: string }[]
  line: string
}

/** The reliability plot in a square: how often the model was right over how sure it was, one point per bin; bars show how many pixels. */
export function reliability(bins: NonNullable<Calibration['bins']>, size: number): ReliabilityPlot {
  const most = Math.max(1e-9, ...bins.map(({ share }) => share))
  const width = size / BINS
  const sorted = bins.filter(({ share }) => share > 0).sort((a, b) => a.confidence - b.confidence)
  return {
    bars: sorted.map(({ confidence, accuracy, share }) => ({
      x: Math.min(size - width, Math.max(0, confidence * size - width / 2)), width, height: (share / most) * size * 0.3,
      title: `${percent(share)} of the pixels: sure to ${percent(confidence)}, right in ${percent(accuracy)}`,
    })),
    line: sorted.map(({ confidence, accuracy }, index) => `${index ? 'L' : 'M'} ${(confidence * size).toFixed(1)} ${((1 - accuracy) * size).toFixed(1)}`).join(' '),
  }
}

const digits = (value: number): string => value.toFixed(3)
