import type { Path } from '@/api/types'
import { randomKey } from '@/shared/randomKey'

import { outlined, shapeOf } from '../model/history'
import { bordering } from '../model/snap'
import type { Desk } from './tool'

/**
 * A closed path is a new region, or, to extend, one more path of the selected one: inside it a hole, outside a part. The
 * regions it touches get nodes there, in the same step.
 */
export function finish(desk: Desk, path: Path, extend: boolean): void {
  const { store } = desk
  const extended = extend ? store.selection : undefined
  const uid = extended?.uid ?? randomKey()
  const touched = bordering(store.regions.filter((one) => one.uid !== uid), path)
  store.changeAll([
    { uid, after: extended ? { ...shapeOf(extended), paths: [...extended.paths, path] } : outlined(store.area, [path]) },
    ...store.regions.filter((one) => touched.has(one.uid)).map((one) => ({ uid: one.uid, after: { ...shapeOf(one), paths: touched.get(one.uid)! } })),
  ])
  store.select(uid)
  desk.choose('select')
}
