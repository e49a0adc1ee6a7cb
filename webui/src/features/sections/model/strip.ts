/** Which frames of a strip are in view: of thousands only these are there. */

const BESIDE = 4 // frames kept beyond either edge, so that scrolling shows no gap

/** The first frame to render and the one after the last. */
export function framesInView(scroll_px: number, width_px: number, frame_px: number, count: number): readonly [number, number] {
  const clamp = (index: number) => Math.min(count, Math.max(0, index))
  return [clamp(Math.floor(scroll_px / frame_px) - BESIDE), clamp(Math.ceil((scroll_px + width_px) / frame_px) + BESIDE)]
}
