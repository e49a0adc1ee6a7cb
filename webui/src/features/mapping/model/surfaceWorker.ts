/** Reads surfaces beside the page's own thread. */
import { readSurface, type Surface } from './surface'

export type Reading = { surface: Surface } | { error: string }

self.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
  try {
    const surface = readSurface(data)
    const held = [...Object.values(surface), ...surface.levels.map(({ triangles }) => triangles)].filter((value) => ArrayBuffer.isView(value))
    self.postMessage({ surface } satisfies Reading, { transfer: held.map(({ buffer }) => buffer) })
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies Reading)
  }
}
