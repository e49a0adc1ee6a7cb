import type { Paths } from '@/api/types'
import type { IconName } from '@/shared/icons'
import type { ViewerPointer } from '@/viewer'

import { type Combination } from '../geometry/combine'
import { compute } from '../geometry/compute'
import { makeReady, shapeOf } from '../model/history'
import { hitRegion } from '../model/hit'
import type { Region } from '../model/regions'
import { becomePieces, still } from './pieces'
import type { Desk, Hand, Tool } from './tool'

type How = Combination | 'divide'

const FIRST = 'Select a region first (click it), then point at the other one.'

/** What comes of both, said with their areas: which one stays and which one goes. */
const OUTCOME: Record<How, (selected: string, clicked: string) => string> = {
  union: (selected, clicked) => `The selected ${selected} stays and takes in the ${clicked} under the pointer, which goes.`,
  subtract: (selected, clicked) => `The selected ${selected} stays without what it shares with the ${clicked} under the pointer, which stays as it is.`,
  intersect: (selected, clicked) => `Of the selected ${selected} stays what it shares with the ${clicked} under the pointer, which stays as it is.`,
  divide: (selected, clicked) => `The selected ${selected} is cut along the ${clicked} under the pointer, which stays as it is.`,
}

interface Preview {
  selected: Region
  clicked: Region
  outcome?: readonly Paths[]
}

const ask = (how: How, a: Paths, b: Paths): Promise<Paths[]> =>
  how === 'divide' ? compute('divide', a, b) : compute('combine', how, a, b).then((paths) => (paths.length ? [paths] : []))

function take(desk: Desk, how: How): Hand {
  const { store } = desk
  let preview: Preview | undefined

  const regions = () => desk.visible().filter((region) => region.shape === 'region')
  const selection = () => regions().find((region) => region.uid === store.selected)

  function words({ selected, clicked, outcome }: Preview): string {
    const said = OUTCOME[how](selected.area, clicked.area)
    if (!outcome) return said
    if (how === 'divide') return outcome.length > 1 ? `${said} ${outcome.length} pieces. Click does it.` : 'They do not cross: nothing is cut.'
    return outcome.length ? `${said} Click does it.` : `${said} Nothing of it would be left: click removes it.`
  }

  function forget(): void {
    preview = undefined
    desk.draft.value = {}
    desk.say('')
  }

  async function look(selected: Region, clicked: Region): Promise<Preview> {
    const mine: Preview = (preview = { selected, clicked })
    desk.say(words(mine))
    mine.outcome = await ask(how, selected.paths, clicked.paths)
    if (preview === mine) {
      desk.draft.value = { outcome: mine.outcome }
      desk.say(words(mine))
      makeReady([selected.paths, clicked.paths, ...mine.outcome]) // for the click
    }
    return mine
  }

  const under = ({ at_um }: ViewerPointer, but: Region | undefined) => hitRegion(regions().filter((region) => region.uid !== but?.uid), at_um, 0)
  const known = (selected: Region, clicked: Region) =>
    preview?.selected.paths === selected.paths && preview.clicked.paths === clicked.paths ? preview : undefined

  function hover(pointer: ViewerPointer): void {
    const selected = selection()
    const clicked = selected && under(pointer, selected)
    if (!selected || !clicked) return preview ? forget() : undefined
    if (!known(selected, clicked)) void look(selected, clicked).catch((error: Error) => desk.say(error.message))
  }

  function apply({ selected, clicked, outcome }: Preview): void {
    if (!outcome || !still(desk, selected) || !still(desk, clicked)) return
    if (how === 'divide') {
      if (outcome.length > 1) becomePieces(desk, selected, outcome)
    } else {
      const after = outcome[0] && { ...shapeOf(selected), paths: outcome[0] }
      store.changeAll([{ uid: selected.uid, after }, ...(how === 'union' ? [{ uid: clicked.uid, after: undefined }] : [])])
    }
    forget()
  }

  async function click(pointer: ViewerPointer): Promise<void> {
    const selected = selection()
    if (!selected) {
      store.select(hitRegion(regions(), pointer.at_um, 0)?.uid)
      return desk.say(store.selection ? '' : FIRST)
    }
    const clicked = under(pointer, selected)
    if (!clicked) return
    const found = known(selected, clicked)
    apply(found?.outcome ? found : await look(selected, clicked))
  }

  return {
    hover,
    click: (pointer) => void click(pointer).catch((error: Error) => desk.say(error.message)),
    drop: () => void (preview = undefined),
  }
}

const tool = (name: How, key: string, title: string, icon: IconName, hint: string): Tool => ({
  name, key, title, icon, hint: `${hint} - click another to do it - Esc`, cursor: 'crosshair', group: 'Combine', rare: true,
  take: (desk) => take(desk, name),
})

export const combining: readonly Tool[] = [
  tool('union', 'Shift+u', 'Union with another region', 'union', 'select a region, point at another: the selected takes it in'),
  tool('subtract', 'Shift+d', 'Subtract another region', 'subtract', 'select a region, point at another: it is cut out of the selected'),
  tool('intersect', 'Shift+i', 'Intersect with another region', 'intersect', 'select a region, point at another: of the selected stays what both share'),
  tool('divide', 'Shift+x', 'Split along another region', 'divide', 'select a region, point at another: the selected is cut along its outline'),
]
