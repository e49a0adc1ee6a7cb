/** The tools and actions, in the order in which column, palette and key sheet show them. */
import { brush, eraser } from './brush'
import { freehand } from './freehand'
import { polygon } from './polygon'
import { select } from './select'
import { takeNodes } from './takeNodes'
import type { Action, Tool } from './tool'

export const TOOLS: readonly Tool[] = [select, polygon, freehand, brush, eraser, takeNodes]

const NO_SELECTION = 'Select a region first.'

export const ACTIONS: readonly Action[] = [
  {
    name: 'delete', key: 'Delete', title: 'Delete the selected region', group: 'Region',
    hindered: ({ store }) => (store.selection ? '' : NO_SELECTION),
    run: ({ store }) => store.remove(store.selection!.uid),
  },
]
