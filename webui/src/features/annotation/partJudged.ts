import type { Path, Paths } from '@/api/types'

import { compute } from './geometry/compute'

/**
 * A prediction's annotation after a part of it was judged. `now` is the annotation as it stands; without one, accepting begins
 * with nothing and rejecting with the whole prediction.
 */
export async function partJudged(now: Paths | undefined, predicted: Paths, part: Path, accept: boolean): Promise<Paths> {
  if (!accept) return compute('combine', 'subtract', now ?? predicted, [part])
  const inside = await compute('combine', 'intersect', predicted, [part])
  return now?.length && inside.length ? compute('combine', 'union', now, inside) : (now ?? inside)
}
