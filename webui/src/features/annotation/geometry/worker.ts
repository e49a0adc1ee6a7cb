/** Geometry that takes time, beside the page's own thread. */
import { TASKS, type TaskName } from './tasks'

export interface Question {
  id: number
  task: TaskName
  args: unknown[]
}

export type Answer = { id: number; result: unknown } | { id: number; error: string }

self.onmessage = ({ data: { id, task, args } }: MessageEvent<Question>) => {
  try {
    const result: unknown = (TASKS[task] as (...given: unknown[]) => unknown)(...args)
    self.postMessage({ id, result } satisfies Answer)
  } catch (error) {
    self.postMessage({ id, error: String(error) } satisfies Answer)
  }
}
