/** The tools and actions, in the order in which column, palette and key sheet show them. */
import { addNodes } from './addNodes'
import { brush, eraser } from './brush'
import { combining } from './combine'
import { crop } from './crop'
import { freehand } from './freehand'
import { knife } from './knife'
import { line } from './line'
import { measure } from './measure'
import { move, rotate } from './move'
import { note } from './note'
import { part } from './part'
import { polygon } from './polygon'
import { select } from './select'
import { takeNodes } from './takeNodes'
import { threshold } from './threshold'
import type { Tool } from './tool'
import { wand } from './wand'

export { ACTIONS } from './actions'

export const TOOLS: readonly Tool[] = [
  select, move, polygon, freehand, line, note, brush, eraser, wand, knife, measure,
  addNodes, takeNodes, rotate, ...combining, threshold, part, crop,
]
