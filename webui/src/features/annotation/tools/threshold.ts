import { reactive, watch } from 'vue'

import type { Paths } from '@/api/types'
import { screenToUm } from '@/viewer/coordinates'

import { compute } from '../geometry/compute'
import { dividing, type Threshold } from '../geometry/threshold'
import { corner } from '../model/geometry'
import { grayOf } from './grayOf'
import type { Desk, Hand, Tool } from './tool'

const REST_MS = 120 // of slider and view before the outlines are looked for
const STEP = 2
const NOTHING = 'Nothing on screen is beyond this threshold.'

let isFirst = true // the level follows from the first picture, and is the person's from then on

/** As long as the page is open. */
export const thresholding = reactive<Threshold>({ level: 128, brighter: false, close_px: 2, open_px: 2 })

function take(desk: Desk): Hand {
  let found: Paths = []
  let asked = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isDue = false // what is found belongs to an earlier threshold or view

  async function look(): Promise<void> {
    const [view, seen, mine] = [desk.view(), desk.viewer.pixels(), ++asked]
    if (!view || !seen) return
    const gray = grayOf(seen.image)
    if (isFirst && thresholding.level === 128) thresholding.level = dividing(gray)
    isFirst = false
    const rings = await compute('threshold', gray, { ...thresholding })
    if (mine !== asked) return
    isDue = false
    found = rings.map((ring) => ring.map(([x, y]) => corner(screenToUm(view, [x / seen.ratio, y / seen.ratio]))))
    desk.draft.value = { outcome: [found] }
    desk.say(found.length ? '' : NOTHING)
  }

  function later(): void {
    clearTimeout(timer)
    isDue = true
    timer = setTimeout(() => void look().catch(told), REST_MS)
  }

  const told = (error: Error) => desk.say(error.message)

  /** What the slider says now, also when the outlines on screen are not yet its. */
  async function keep(): Promise<void> {
    clearTimeout(timer)
    if (isDue) await look()
    if (isDue || !found.length) return
    desk.store.draw(found)
    desk.choose('select')
  }
  const stop = watch([thresholding, desk.view], later, { immediate: true })

  return {
    key(name) {
      if (name === '[' || name === ']') thresholding.level = Math.min(255, Math.max(0, thresholding.level + (name === '[' ? -STEP : STEP)))
      else if (name === 'Enter') void keep().catch(told)
      else return false
      return true
    },
    drop() {
      stop()
      clearTimeout(timer)
      asked += 1
    },
  }
}

export const threshold: Tool = {
  name: 'threshold', key: 'Shift+w', title: 'Contours from intensity', icon: 'wand', cursor: 'grab', group: 'Paint', rare: true,
  hint: 'set the threshold at the top: what is darker on screen is outlined - [ ] changes it - Enter keeps one region of it - Esc',
  take,
}
