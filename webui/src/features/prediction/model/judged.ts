/** Which prediction of a section buttons and keys are about. */
import type { Prediction } from '@/api/types'

/** In a review one of its area alone; else one of the area that is drawn, before those of others. An unreviewed one comes first. */
export function toJudge(predictions: readonly Prediction[], reviewed: string | undefined, drawn: string): Prediction | undefined {
  const ofArea = (area: string) => predictions.filter((one) => one.area === area)
  const own = ofArea(reviewed ?? drawn)
  const candidates = reviewed === undefined && !own.length ? predictions : own
  return candidates.find((one) => !one.review) ?? candidates[0]
}
