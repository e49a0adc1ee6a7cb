import { download } from '@/shared/download'

import type { Point } from '../model/geometry'
import type { Desk, Hand, Tool } from './tool'

const MOST_PX = 40_000_000 // the server gives no more at once

/** The rectangle between two corners, in whole pixels of the full resolution and within the section. */
function boxOf(desk: Desk, a: Point, b: Point) {
  const pyramid = desk.viewer.pyramid.value!
  const { width_px, height_px } = pyramid.levels.find(({ level }) => level === 0)!
  const px = (um: number, most: number) => Math.min(most, Math.max(0, Math.round(um / pyramid.pixel_size_um)))
  const [left, right] = [px(Math.min(a[0], b[0]), width_px), px(Math.max(a[0], b[0]), width_px)]
  const [top, bottom] = [px(Math.min(a[1], b[1]), height_px), px(Math.max(a[1], b[1]), height_px)]
  return { x: left, y: top, width: right - left, height: bottom - top, pyramid }
}

function take(desk: Desk): Hand {
  let from: Point | undefined
  return {
    press({ at_um }) {
      from = at_um
      return true
    },
    drag({ at_um: to }) {
      if (!from) return
      const { width, height } = boxOf(desk, from, to)
      const line: Point[] = [from, [to[0], from[1]], to, [from[0], to[1]], from]
      const large = width * height > MOST_PX ? `\ntoo large: at most ${MOST_PX / 1e6} million pixels` : ''
      desk.draft.value = { line, words: { at: to, text: `${width} x ${height} pixels${large}` } }
    },
    release({ at_um: to }) {
      desk.draft.value = {}
      const { x, y, width, height, pyramid } = boxOf(desk, from!, to)
      if (!width || !height) return
      if (width * height > MOST_PX) return desk.say(`${width} x ${height} pixels are too many; at most ${MOST_PX / 1e6} million.`)
      const { brain, section, version } = pyramid
      download(`/api/brains/${brain}/sections/${section}/crop/${version}?x=${x}&y=${y}&width=${width}&height=${height}`, '')
      desk.say(`${width} x ${height} pixels at ${pyramid.pixel_size_um} µm are being saved.`)
    },
    key(name) {
      if (name !== 'Escape' || !desk.draft.value.line) return false
      desk.draft.value = {}
      return true
    },
  }
}

export const crop: Tool = {
  name: 'crop', key: 'Shift+g', title: 'Save a piece at full resolution', icon: 'crop', cursor: 'crosshair', group: 'Look', rare: true, reads: true,
  hint: 'drag a box: it is saved as PNG at full resolution - hold Space to move around',
  take,
}
