import { readPackedSurface } from '@/api/calls'

import { SafetensorsError } from './safetensors'
import type { Surface } from './surface'
import type { Reading } from './surfaceWorker'

/** The surface of a job's brain, read by a worker of its own; throws ApiError or SafetensorsError. */
export async function loadSurface(project: string, job: string, brain: string): Promise<Surface> {
  const file = await (await readPackedSurface(project, job, brain)).arrayBuffer()
  const worker = new Worker(new URL('./surfaceWorker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Reading>) => ('surface' in data ? resolve(data.surface) : reject(new SafetensorsError(data.error)))
      worker.onerror = () => reject(new SafetensorsError('The surface could not be read: the worker has ended.'))
      worker.postMessage(file, [file])
    })
  } finally {
    worker.terminate()
  }
}
