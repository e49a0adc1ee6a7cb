/** What the worker computes. */
import { combine, divide, paint, parts } from './combine'
import { knife } from './knife'

export const TASKS = { combine, divide, knife, paint, parts }

export type Tasks = typeof TASKS
export type TaskName = keyof Tasks
