import type { Progress } from '@/api/types'

export interface CurvePoint {
  step: number
  value: number
}

export interface Curve {
  line: string // SVG path
  smooth: string // SVG path of the running mean
  largest: number
  steps: number
}

/** The curves a training job writes, in the order in which they are shown. */
export const CURVES = [
  { name: 'loss', title: 'Loss', hint: 'What training makes small: how far the model is from the annotated classes', read: (line: Progress) => line.loss, top: undefined, smooth: true },
  { name: 'f1', title: 'F1', hint: 'Agreement with the annotations on training patches, from 0 to 1', read: (line: Progress) => line.metrics?.f1_area, top: 1, smooth: true },
  { name: 'rate', title: 'Learning rate', hint: 'How large the steps of training are; it is halved on the way', read: (line: Progress) => line.metrics?.learning_rate, top: undefined, smooth: false },
] as const

const MOST_POINTS = 400
const MEAN_OVER = 0.1 // of the curve, the width of the running mean

/** The values of a curve among progress lines. After a resume a step may come twice: the later line counts. */
export function pointsOf(lines: readonly Progress[], read: (line: Progress) => number | null | undefined): CurvePoint[] {
  const byStep = new Map<number, number>()
  for (const line of lines) {
    const value = read(line)
    if (value != null) byStep.set(line.step, value)
  }
  return [...byStep].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step)
}

function thin(points: readonly CurvePoint[]): CurvePoint[] {
  const every = Math.ceil(points.length / MOST_POINTS)
  return points.filter((_, index) => index % every === 0 || index === points.length - 1)
}

function runningMean(points: readonly CurvePoint[]): CurvePoint[] {
  const width = Math.max(1, Math.round(points.length * MEAN_OVER))
  return points.map(({ step }, index) => {
    const window = points.slice(Math.max(0, index - width + 1), index + 1)
    return { step, value: window.reduce((sum, point) => sum + point.value, 0) / window.length }
  })
}

/** Values over the steps as SVG paths in a box of the given size; the vertical axis goes from zero to `top`, else to the largest. */
export function curve(points: readonly CurvePoint[], of: number, [width, height]: readonly [number, number], top?: number): Curve {
  const shown = thin(points)
  const largest = top ?? Math.max(1e-9, ...shown.map((point) => point.value))
  const steps = Math.max(1, of, points.at(-1)?.step ?? 1)
  const path = (line: readonly CurvePoint[]) =>
    line
      .map(({ step, value }, index) => {
        const [x, y] = [(step / steps) * width, height - (value / largest) * height]
        return `${index ? 'L' : 'M'} ${x.toFixed(1)} ${y.toFixed(1)}`
      })
      .join(' ')
  return { line: path(shown), smooth: path(runningMean(shown)), largest, steps }
}

/** A value with as many digits as mean something: "0.183", "0.00125". */
export const digits = (value: number): string => (value >= 0.1 || value === 0 ? value.toFixed(3) : Number(value.toPrecision(3)).toString())
