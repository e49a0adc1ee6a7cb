import type { Paths } from '@/api/types'
import type { Affine } from '@/shared/rigid'

import { compute } from '../geometry/compute'
import { simplified, toBezier, toPolygon } from '../model/convert'
import { bounds_um } from '../model/geometry'
import { shapeOf } from '../model/history'
import { restack, type Way } from '../model/stack'
import { about, middle, transformed, turn } from '../model/transform'
import { clipboard } from './clipboard'
import { becomePieces, still } from './pieces'
import type { Action, Desk } from './tool'

const NO_SELECTION = 'Select a region first.'
const TOLERANCE_PX = 1

const selected = ({ store }: Desk): string => (store.selection ? '' : NO_SELECTION)
const outlined = ({ store }: Desk): string => {
  if (!store.selection) return NO_SELECTION
  return store.selection.shape === 'note' ? 'A note has no outline.' : ''
}

const onRegion = (name: string, key: string, title: string, hindered: Action['hindered'], run: Action['run']): Action =>
  ({ name, key, title, group: 'Region', hindered, run })

/** The selected shape with its nodes changed. */
const reshaping = (change: (paths: Paths, closed: boolean, tolerance_um: number) => Paths): Action['run'] => (desk) => {
  const region = desk.store.selection!
  const paths = change(region.paths, region.shape === 'region', desk.um(TOLERANCE_PX))
  const count = (of: Paths) => of.reduce((sum, path) => sum + path.length, 0)
  desk.store.reshape(region.uid, paths)
  desk.say(`${count(region.paths)} nodes before, ${count(paths)} now; Ctrl+Z takes it back.`)
}

/** Turned or mirrored about its middle. */
const turning = (by: Affine): Action['run'] => ({ store }) => {
  const region = store.selection!
  store.reshape(region.uid, transformed(region.paths, about(middle(region.paths), by)))
}

const MIRROR_X: Affine = [-1, 0, 0, 1, 0, 0]
const MIRROR_Y: Affine = [1, 0, 0, -1, 0, 0]

const stacking = (way: Way): Action['run'] => ({ store, say }) => {
  const region = store.selection!
  const [[left, top], [right, bottom]] = bounds_um(region.paths)
  const over = (uid: string): boolean => {
    const [[l, t], [r, b]] = bounds_um(store.regions.find((one) => one.uid === uid)!.paths)
    return l <= right && r >= left && t <= bottom && b >= top
  }
  const order = restack(store.regions, region.uid, way, over)
  if (order === region.order) say('It is there already.')
  else store.change(region.uid, { ...shapeOf(region), order })
}

async function separate(desk: Desk): Promise<void> {
  const region = desk.store.selection!
  const found = await compute('parts', region.paths)
  if (found.length < 2) desk.say('The region has one part only.')
  else if (still(desk, region)) becomePieces(desk, region, found)
}

export const ACTIONS: readonly Action[] = [
  ...clipboard,
  onRegion('delete', 'Delete', 'Delete the selected region', selected, ({ store }) => store.remove(store.selection!.uid)),
  onRegion('rotate-right', '', 'Rotate the region by 90° to the right', outlined, turning(turn(Math.PI / 2))),
  onRegion('rotate-left', '', 'Rotate the region by 90° to the left', outlined, turning(turn(-Math.PI / 2))),
  onRegion('flip-x', 'Shift+h', 'Flip the region left to right', outlined, turning(MIRROR_X)),
  onRegion('flip-y', 'Shift+v', 'Flip the region upside down', outlined, turning(MIRROR_Y)),
  onRegion('simplify', 'Shift+s', 'Simplify the outline to what the screen shows', outlined, reshaping(simplified)),
  onRegion('to-polygon', 'Shift+p', 'Outline to polygon: corners without curves', outlined, reshaping(toPolygon)),
  onRegion('to-bezier', 'Shift+z', 'Outline to Bezier: smooth curves with handles', outlined, reshaping(toBezier)),
  onRegion('separate', '', 'Parts of the region as regions of their own', outlined, separate),
  onRegion('front', 'Shift+PageUp', 'To the front', selected, stacking('front')),
  onRegion('forward', 'PageUp', 'One step forward', selected, stacking('forward')),
  onRegion('backward', 'PageDown', 'One step backward', selected, stacking('backward')),
  onRegion('back', 'Shift+PageDown', 'To the back', selected, stacking('back')),
]
