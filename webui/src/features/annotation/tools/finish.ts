import type { Path } from '@/api/types'

import type { Desk } from './tool'

/** A closed path is a new region, or, to extend, one more path of the selected one: inside it a hole, outside a part. */
export function finish(desk: Desk, path: Path, extend: boolean): void {
  const { store } = desk
  if (extend && store.selection) store.reshape(store.selection.uid, [...store.selection.paths, path])
  else store.draw([path])
  desk.choose('select')
}
