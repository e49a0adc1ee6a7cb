/** Geometry that takes time, beside the page's own thread. */
import { pack, transferables, unpack } from './pack'
import { TASKS, type TaskName } from './tasks'

export interface Question {
  id: number
  task: TaskName
  args: unknown[]
}

export type Answer = { id: number; result: unknown } | { id: number; error: string }

self.onmessage = ({ data: { id, task, args } }: MessageEvent<Question>) => {
  try {
    const result = pack((TASKS[task] as (...given: unknown[]) => unknown)(...args.map(unpack)))
    self.postMessage({ id, result } satisfies Answer, { transfer: transferables(result) })
  } catch (error) {
    self.postMessage({ id, error: String(error) } satisfies Answer)
  }
}
