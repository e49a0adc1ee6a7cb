/** What the worker computes. */
import { combine, divide, paint, parts } from './combine'
import { knife } from './knife'
import { wand } from './wand'

export const TASKS = { combine, divide, knife, paint, parts, wand }

export type Tasks = typeof TASKS
export type TaskName = keyof Tasks
