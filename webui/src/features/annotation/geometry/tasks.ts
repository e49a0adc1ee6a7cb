/** What the worker computes. */
import { check } from './check'
import { combine, divide, paint, parts } from './combine'
import { knife } from './knife'
import { fillGap, giveOverlap, untie } from './mend'
import { threshold } from './threshold'
import { wand } from './wand'

export const TASKS = { check, combine, divide, fillGap, giveOverlap, knife, paint, parts, threshold, untie, wand }

export type Tasks = typeof TASKS
export type TaskName = keyof Tasks
