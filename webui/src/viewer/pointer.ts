/** Pointer input of the viewer in section µm. A listener may claim a press; otherwise dragging pans and scrolling zooms. */
import type { Point, View } from './coordinates'
import { screenToUm } from './coordinates'

const CLICK_RADIUS_PX = 4
const DOUBLE_CLICK_MS = 350

export interface ViewerPointer {
  kind: 'press' | 'drag' | 'release' | 'hover' | 'click' | 'double' | 'leave'
  at_um: Point
  shift: boolean
  alt: boolean
  mod: boolean
}

/** Returns true on `press` to claim it: the drag that follows is the listener's and does not pan. */
export type PointerListener = (pointer: ViewerPointer) => boolean | void

/** Attaches to the viewer's element in the capturing phase, before the deep-zoom library sees anything. */
export function attachPointer(element: HTMLElement, view: () => View | undefined, listener: PointerListener): () => void {
  let pressed_px: Point | undefined
  let claimed = false
  let moved = false
  let lastClick = { time_ms: -Infinity, at_px: [0, 0] as Point }

  const place_px = (event: PointerEvent): Point => {
    const box = element.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const near = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]) <= CLICK_RADIUS_PX

  function send(kind: ViewerPointer['kind'], event: PointerEvent): boolean {
    const current = view()
    if (!current) return false
    const at_um = screenToUm(current, place_px(event))
    return !!listener({ kind, at_um, shift: event.shiftKey, alt: event.altKey, mod: event.ctrlKey || event.metaKey })
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0 || pressed_px) return
    // Keys pressed from now on are meant for the section, not for the button clicked before.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    pressed_px = place_px(event)
    moved = false
    claimed = send('press', event)
    if (!claimed) return
    event.stopPropagation()
    element.setPointerCapture(event.pointerId)
  }

  function move(event: PointerEvent): void {
    if (pressed_px && !near(pressed_px, place_px(event))) moved = true
    if (claimed) event.stopPropagation()
    send(claimed ? 'drag' : 'hover', event)
  }

  function up(event: PointerEvent): void {
    if (!pressed_px || event.button !== 0) return
    if (claimed) {
      event.stopPropagation()
      send('release', event)
    }
    if (!moved) click(event)
    pressed_px = undefined
    claimed = false
  }

  function click(event: PointerEvent): void {
    const at_px = place_px(event)
    const double = event.timeStamp - lastClick.time_ms < DOUBLE_CLICK_MS && near(lastClick.at_px, at_px)
    lastClick = { time_ms: double ? -Infinity : event.timeStamp, at_px }
    send(double ? 'double' : 'click', event)
  }

  const handlers: [keyof HTMLElementEventMap, (event: PointerEvent) => void][] = [
    ['pointerdown', down], ['pointermove', move], ['pointerup', up], ['pointercancel', up],
    ['pointerleave', (event) => void send('leave', event)],
  ]
  for (const [name, handler] of handlers) element.addEventListener(name, handler as EventListener, true)
  return () => {
    for (const [name, handler] of handlers) element.removeEventListener(name, handler as EventListener, true)
  }
}
