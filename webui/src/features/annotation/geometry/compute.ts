import { pack, unpack } from './pack'
import type { TaskName, Tasks } from './tasks'
import type { Answer, Question } from './worker'

interface Waiting {
  resolve: (result: never) => void
  reject: (error: Error) => void
}

const waiting = new Map<number, Waiting>()
let worker: Worker | undefined
let asked = 0

function start(): Worker {
  const made = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  made.onmessage = ({ data }: MessageEvent<Answer>) => {
    const one = waiting.get(data.id)
    waiting.delete(data.id)
    if ('error' in data) one?.reject(new Error(`The outlines could not be computed: ${data.error}`))
    else one?.resolve(unpack(data.result) as never)
  }
  made.onerror = () => {
    for (const one of waiting.values()) one.reject(new Error('The outlines could not be computed: the worker has ended.'))
    waiting.clear()
    worker = undefined
  }
  return made
}

/** Asks the worker, which answers in the order of the questions. */
export function compute<T extends TaskName>(task: T, ...args: Parameters<Tasks[T]>): Promise<ReturnType<Tasks[T]>> {
  worker ??= start()
  const id = ++asked
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    worker!.postMessage({ id, task, args: args.map(pack) } satisfies Question)
  })
}
