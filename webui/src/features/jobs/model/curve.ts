import type { Progress } from '@/api/types'

export interface CurvePoint {
  step: number
  loss: number
}

export interface Curve {
  line: string // SVG path
  smooth: string // SVG path of the running mean
  largest: number
  steps: number
}

const MOST_POINTS = 400
const MEAN_OVER = 0.1 // of the curve, the width of the running mean

/** The losses among progress lines. After a resume a step may come twice: the later line counts. */
export function losses(lines: readonly Progress[]): CurvePoint[] {
  const byStep = new Map<number, number>()
  for (const line of lines) if (line.loss != null) byStep.set(line.step, line.loss)
  return [...byStep].map(([step, loss]) => ({ step, loss })).sort((a, b) => a.step - b.step)
}

function thin(points: readonly CurvePoint[]): CurvePoint[] {
  const every = Math.ceil(points.length / MOST_POINTS)
  return points.filter((_, index) => index % every === 0 || index === points.length - 1)
}

function runningMean(points: readonly CurvePoint[]): CurvePoint[] {
  const width = Math.max(1, Math.round(points.length * MEAN_OVER))
  return points.map(({ step }, index) => {
    const window = points.slice(Math.max(0, index - width + 1), index + 1)
    return { step, loss: window.reduce((sum, point) => sum + point.loss, 0) / window.length }
  })
}

/** The loss over the steps as SVG paths in a box of the given size; the vertical axis starts at zero. */
export function lossCurve(points: readonly CurvePoint[], of: number, width: number, height: number): Curve {
  const shown = thin(points)
  const largest = Math.max(1e-6, ...shown.map((point) => point.loss))
  const steps = Math.max(1, of, points.at(-1)?.step ?? 1)
  const path = (line: readonly CurvePoint[]) =>
    line
      .map(({ step, loss }, index) => {
        const [x, y] = [(step / steps) * width, height - (loss / largest) * height]
        return `${index ? 'L' : 'M'} ${x.toFixed(1)} ${y.toFixed(1)}`
      })
      .join(' ')
  return { line: path(shown), smooth: path(runningMean(shown)), largest, steps }
}
