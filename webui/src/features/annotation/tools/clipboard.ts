import { randomKey } from '@/shared/randomKey'

import { type Shape, shapeOf } from '../model/history'
import { transformed } from '../model/transform'
import type { Action, Desk } from './tool'

interface Copied {
  project: string
  section: number
  shape: Shape
}

let copied: Copied | undefined // as long as the page is open

function paste(desk: Desk): void {
  const { store } = desk
  const { section, shape } = copied!
  const way = desk.between(section, store.section!)
  const uid = randomKey()
  store.change(uid, { ...shape, paths: way ? transformed(shape.paths, way) : shape.paths })
  store.select(uid)
  if (!way) desk.say('These sections are not aligned: pasted at the same place of the image.')
  else desk.say(section === store.section ? 'Pasted at its own place.' : `Pasted from section ${section} through the alignment.`)
}

export const clipboard: readonly Action[] = [
  {
    name: 'copy', key: 'Mod+c', title: 'Copy the selected region', group: 'Region', reads: true,
    hindered: ({ store }) => (store.selection ? '' : 'Select a region first.'),
    run({ store, say }) {
      copied = { project: store.project, section: store.section!, shape: shapeOf(store.selection!) }
      say('Copied; Ctrl+V pastes it here or on another section, where the alignment puts it.')
    },
  },
  {
    name: 'paste', key: 'Mod+v', title: 'Paste, on another section where the alignment puts it', group: 'Region',
    hindered: ({ store }) => (copied?.project === store.project ? '' : 'Copy a region of this project first (Ctrl+C).'),
    run: paste,
  },
]
