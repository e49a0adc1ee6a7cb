import type { Pace } from './pace'

export interface Pictures {
  /** Something has moved or changed. */
  ask(): void
  close(): void
}

const REST_MS = 200 // without a move, until all of it is drawn

/** Draws one picture at a time, the next when the graphics have finished the one before; and once nothing moves, the fine one. */
export function createPictures(gl: WebGL2RenderingContext, pace: Pace, draw: (level: number, coarse: boolean) => void, mmPerPixel: () => number): Pictures {
  let [frame, rest] = [0, 0]
  let asked = false
  let drawing: { level: number; from: number; end: WebGLSync } | undefined

  function picture(level: number): void {
    const still = pace.still(mmPerPixel())
    const from = performance.now()
    draw(level, level > still)
    drawing = { level, from, end: gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)! }
    gl.flush()
    frame = requestAnimationFrame(go)
    clearTimeout(rest)
    if (level > still) rest = window.setTimeout(settle, REST_MS)
  }
  function go(): void {
    frame = 0
    if (drawing && gl.getSyncParameter(drawing.end, gl.SYNC_STATUS) !== gl.SIGNALED) return void (frame = requestAnimationFrame(go))
    if (drawing) pace.took(drawing.level, performance.now() - drawing.from)
    if (drawing) gl.deleteSync(drawing.end)
    drawing = undefined
    if (!asked) return
    asked = false
    picture(pace.moving())
  }
  function settle(): void {
    if (drawing) rest = window.setTimeout(settle, REST_MS)
    else picture(pace.still(mmPerPixel()))
  }
  return {
    ask() {
      asked = true
      frame ||= requestAnimationFrame(go)
    },
    close() {
      cancelAnimationFrame(frame)
      clearTimeout(rest)
    },
  }
}
