/**
 * The only place that knows the viewer's own frame. Everything outside speaks section µm (origin at the outer corner of
 * the first full-resolution pixel, x right, y down) and CSS pixels of the viewer element ("screen").
 *
 * The deep-zoom library's viewport unit is set to one millimetre for every section, so sections of different width keep
 * their place and size when one follows another.
 */

export type Point = readonly [number, number]

export const VIEWPORT_UNIT_UM = 1000

/** What is on screen: the section point in the middle, the µm that one CSS pixel shows, and the element's size. */
export interface View {
  readonly centre_um: Point
  readonly um_per_px: number
  readonly width_px: number
  readonly height_px: number
  readonly turn_rad?: number // how far the section is turned clockwise about the middle of the screen
}

export function umToScreen(view: View, [x, y]: Point): Point {
  const [dx, dy] = [(x - view.centre_um[0]) / view.um_per_px, (y - view.centre_um[1]) / view.um_per_px]
  const [cos, sin] = turn(view)
  return [cos * dx - sin * dy + view.width_px / 2, sin * dx + cos * dy + view.height_px / 2]
}

export function screenToUm(view: View, [x, y]: Point): Point {
  const [dx, dy] = [(x - view.width_px / 2) * view.um_per_px, (y - view.height_px / 2) * view.um_per_px]
  const [cos, sin] = turn(view)
  return [cos * dx + sin * dy + view.centre_um[0], cos * dy - sin * dx + view.centre_um[1]]
}

/** The same as `umToScreen` as an affine matrix [a, b, c, d, e, f] for a canvas. */
export function screenMatrix(view: View): [number, number, number, number, number, number] {
  const [cos, sin] = turn(view).map((part) => part / view.um_per_px) as [number, number]
  const [e, f] = umToScreen(view, [0, 0])
  return [cos, sin, -sin, cos, e, f]
}

/** Exactly 1 and 0 where the section is not turned. */
const turn = ({ turn_rad }: View): [cos: number, sin: number] => (turn_rad ? [Math.cos(turn_rad), Math.sin(turn_rad)] : [1, 0])

export const umToViewport = ([x, y]: Point): Point => [x / VIEWPORT_UNIT_UM, y / VIEWPORT_UNIT_UM]
export const viewportToUm = ([x, y]: Point): Point => [x * VIEWPORT_UNIT_UM, y * VIEWPORT_UNIT_UM]

/** The library states zoom as the share of the element's width that one viewport unit takes. */
export const zoomToUmPerPx = (zoom: number, width_px: number): number => VIEWPORT_UNIT_UM / (zoom * width_px)
export const umPerPxToZoom = (um_per_px: number, width_px: number): number => VIEWPORT_UNIT_UM / (um_per_px * width_px)

/** What of a view can be gone to again. */
export type Placed = Pick<View, 'centre_um' | 'um_per_px' | 'turn_rad'>

/** A view as it stands in an address: "x,y,µm per px" and, where it is turned, degrees; whole µm and degrees are fine enough, 4 digits for a size. */
export function writeView(view: Placed): string {
  const [x, y] = view.centre_um
  const turn_deg = ((Math.round(((view.turn_rad ?? 0) * 180) / Math.PI) % 360) + 360) % 360
  return [x.toFixed(0), y.toFixed(0), Number(view.um_per_px.toPrecision(4)), ...(turn_deg ? [turn_deg] : [])].join(',')
}

/** Reads what `writeView` wrote; undefined for anything else, since people edit addresses. */
export function readView(text: unknown): Placed | undefined {
  if (typeof text !== 'string') return undefined
  const numbers = text.split(',').map(Number)
  const [x, y, um_per_px, turn_deg] = numbers
  if (numbers.length < 3 || numbers.length > 4 || !numbers.every(Number.isFinite) || !(um_per_px! > 0)) return undefined
  return { centre_um: [x!, y!], um_per_px: um_per_px!, ...(turn_deg ? { turn_rad: (turn_deg * Math.PI) / 180 } : {}) }
}
