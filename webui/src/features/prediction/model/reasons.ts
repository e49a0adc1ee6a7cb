/** Why a prediction is rejected, in one click; any other words can be typed. */
export const REASONS = ['border in the wrong place', 'misses a part', 'spills over', 'wrong area', 'torn or folded tissue'] as const

/** The reason that a number key stands for, while no words were typed. */
export const reasonByKey = (key: string, typed: string): string | undefined =>
  !typed && /^[1-9]$/.test(key) ? REASONS[Number(key) - 1] : undefined

/** Progress of an area's review in words, when so many still wait: "hOc1: 4 of 11 accepted, 1 corrected". */
export function reviewWords(progress: { accepted: number; corrected: number; rejected: number }, waiting: number, area: string): string {
  const { accepted, corrected, rejected } = progress
  const more = [corrected && `${corrected} corrected`, rejected && `${rejected} rejected`].filter(Boolean)
  return [`${area}: ${accepted} of ${accepted + corrected + rejected + waiting} accepted`, ...more].join(', ')
}
