/** Outlines of what is as dark or bright as a place: pixels that are like it, grown together, as rings along their edges. Pure. */
import { type Point, simplify } from '../model/geometry'

export interface Gray {
  values: Uint8Array // row by row, 0 to 255
  width: number
  height: number
  shown?: Uint8Array // 0 where there is no section
}

export interface Wish {
  at: Point // in pixels
  tolerance: number // how far the gray may be from that of the place
  everywhere: boolean // all such pixels of the picture, not only those that hang together with the place
}

const SMOOTH_PX = 1 // half width of the box over which the gray is averaged
const SMALLEST_PX = 60 // smaller islands and holes are noise
const TOLERANCE_PX = 0.8

/** Mean over a box, by running sums: noise of single cells does not fray the outline. */
export function smoothed({ values, width, height }: Gray): Gray {
  const side = 2 * SMOOTH_PX + 1
  const across = new Float32Array(values.length)
  const clamp = (at: number, most: number) => Math.min(most - 1, Math.max(0, at))
  for (let y = 0; y < height; y++) {
    let sum = 0
    for (let x = -SMOOTH_PX; x <= SMOOTH_PX; x++) sum += values[y * width + clamp(x, width)]!
    for (let x = 0; x < width; x++) {
      across[y * width + x] = sum / side
      sum += values[y * width + clamp(x + SMOOTH_PX + 1, width)]! - values[y * width + clamp(x - SMOOTH_PX, width)]!
    }
  }
  const mean = new Uint8Array(values.length)
  for (let x = 0; x < width; x++) {
    let sum = 0
    for (let y = -SMOOTH_PX; y <= SMOOTH_PX; y++) sum += across[clamp(y, height) * width + x]!
    for (let y = 0; y < height; y++) {
      mean[y * width + x] = Math.round(sum / side)
      sum += across[clamp(y + SMOOTH_PX + 1, height) * width + x]! - across[clamp(y - SMOOTH_PX, height) * width + x]!
    }
  }
  return { values: mean, width, height }
}

/** 1 where a pixel belongs to it. */
function grown({ values, width, height }: Gray, { at, tolerance, everywhere }: Wish): Uint8Array {
  const [x0, y0] = [Math.floor(at[0]), Math.floor(at[1])]
  const found = new Uint8Array(values.length)
  if (x0 < 0 || y0 < 0 || x0 >= width || y0 >= height) return found
  const gray = values[y0 * width + x0]!
  const like = (index: number) => Math.abs(values[index]! - gray) <= tolerance
  if (everywhere) return found.map((_, index) => (like(index) ? 1 : 0))
  const open = [y0 * width + x0]
  found[open[0]!] = 1
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const x = index % width
    for (const [there, next] of [[x > 0, index - 1], [x < width - 1, index + 1], [index >= width, index - width], [index < width * (height - 1), index + width]] as const) {
      if (!there || found[next] || !like(next)) continue
      found[next] = 1
      open.push(next)
    }
  }
  return found
}

/** Rings along the edges between pixels, what belongs to it always on the right; where two touch at a corner they stay apart. */
export function traced(mask: Uint8Array, width: number, height: number): Point[][] {
  const on = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1
  const corner = (x: number, y: number) => y * (width + 1) + x
  const next = new Map<number, number[]>()
  const edge = (from: number, to: number) => void (next.get(from)?.push(to) ?? next.set(from, [to]))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!on(x, y)) continue
      if (!on(x, y - 1)) edge(corner(x, y), corner(x + 1, y))
      if (!on(x + 1, y)) edge(corner(x + 1, y), corner(x + 1, y + 1))
      if (!on(x, y + 1)) edge(corner(x + 1, y + 1), corner(x, y + 1))
      if (!on(x - 1, y)) edge(corner(x, y + 1), corner(x, y))
    }
  }
  const rings: Point[][] = []
  for (const start of next.keys()) while (next.get(start)?.length) rings.push(follow(next, start, width + 1))
  return rings
}

function follow(next: Map<number, number[]>, start: number, columns: number): Point[] {
  const points: Point[] = []
  let [at, before] = [start, -1]
  do {
    points.push([at % columns, Math.floor(at / columns)])
    const ways = next.get(at)!
    // Where two rings touch, the sharper right turn stays with the same pixel.
    const turn = (to: number) => (before < 0 || ways.length < 2 ? 0 : cross(at - before, to - at, columns))
    const way = ways.length < 2 ? 0 : turn(ways[0]!) > turn(ways[1]!) ? 0 : 1
    before = at
    at = ways.splice(way, 1)[0]!
  } while (at !== start)
  return points
}

/** Positive for a turn to the right (y points down); steps are ±1 across and ±columns down. */
function cross(a: number, b: number, columns: number): number {
  const step = (by: number): Point => (Math.abs(by) === 1 ? [by, 0] : [0, by / columns])
  const [[ax, ay], [bx, by]] = [step(a), step(b)]
  return ax * by - ay * bx
}

const area = (points: readonly Point[]): number =>
  points.reduce((twice, [x, y], index) => {
    const [nx, ny] = points[(index + 1) % points.length]!
    return twice + x * ny - y * nx
  }, 0) / 2

/** Rings in pixels around what belongs to it, without small islands and holes, simplified. */
export function outlinesOf(mask: Uint8Array, width: number, height: number, least_px = SMALLEST_PX): Point[][] {
  const rings = traced(mask, width, height).filter((ring) => Math.abs(area(ring)) >= least_px)
  return rings.map((ring) => {
    const half = ring.length >> 1
    return [...simplify(ring.slice(0, half + 1), TOLERANCE_PX).slice(0, -1), ...simplify([...ring.slice(half), ring[0]!], TOLERANCE_PX).slice(0, -1)]
  }).filter((ring) => ring.length >= 3)
}

export const wand = (gray: Gray, wish: Wish): Point[][] => outlinesOf(grown(smoothed(gray), wish), gray.width, gray.height)
