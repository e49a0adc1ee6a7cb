/** Which shape lies on which: a higher order is on top. */

export type Way = 'front' | 'forward' | 'backward' | 'back'

/**
 * The new order of one shape of a stack (the lowest first); its old one when it is there already. `over` says whether another
 * shape touches it: one step goes past the next that does, since the others make no difference to the eye.
 */
export function restack(stack: readonly { uid: string; order: number }[], uid: string, way: Way, over: (uid: string) => boolean): number {
  const at = stack.findIndex((one) => one.uid === uid)
  const [below, above] = [stack.slice(0, at), stack.slice(at + 1)]
  const step = way === 'front' || way === 'forward' ? 1 : -1
  const past = {
    front: above.at(-1), back: below[0],
    forward: above.find((one) => over(one.uid)), backward: below.findLast((one) => over(one.uid)),
  }[way]
  return past ? past.order + step : stack[at]!.order
}
