/**
 * What an edit changed of a region, small enough to keep hundreds: facts, and of its paths only the nodes that differ. With
 * it go fingerprints of both states, so that an edit is never undone on a region that somebody else has changed since.
 */
import type { PathPoint, Paths, ShapeKind } from '@/api/types'

export interface Shape {
  area: string
  paths: Paths
  shape: ShapeKind
  text: string // what a note says
  order: number // place in the stack, higher on top
}

/** The part of a region or an annotation that a person draws, and that undo gives back. */
export function shapeOf({ area, paths, shape, text, order }: Shape): Shape {
  return { area, paths, shape, text, order }
}

export const outlined = (area: string, paths: Paths): Shape => ({ area, paths, shape: 'region', text: '', order: 0 })

type Facts = Omit<Shape, 'paths'>

/** `out` was there from place `at` on, `in` stands there now. */
interface Splice<T> {
  at: number
  out: T[]
  in: T[]
}

/** Whole paths that came, went or were replaced; or, path by path, nodes. */
type PathsChange = Splice<PathPoint[]> | { at: number; nodes: Splice<PathPoint>[] }

export interface Edit {
  uid: string
  facts: [before: Facts | null, after: Facts | null] // null: the region is not there
  prints: [before: number, after: number]
  paths: PathsChange
}

const NOT_THERE = 0

function factsOf(shape: Shape): Facts {
  const facts: Facts & { paths?: Paths } = { ...shape }
  delete facts.paths
  return facts
}

/** A number that two different states of a region hardly ever share (53 bits); 0 for none. */
export function fingerprint(shape: Shape | undefined): number {
  if (!shape) return NOT_THERE
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  const mix = (word: number) => {
    a = Math.imul(a ^ word, 2654435761)
    b = Math.imul(b ^ word, 1597334677)
    ;[a, b] = [a ^ (b >>> 15), b ^ (a >>> 13)]
  }
  const float = new Float64Array(1)
  const words = new Uint32Array(float.buffer)
  const text = JSON.stringify(Object.entries(factsOf(shape)).sort(([one], [other]) => (one < other ? -1 : 1)))
  for (let at = 0; at < text.length; at++) mix(text.charCodeAt(at))
  for (const path of shape.paths) {
    mix(path.length)
    for (const node of path) {
      mix(node.length)
      for (const value of node) {
        float[0] = value + 0 // -0 comes back from the server as 0
        mix(words[0]!)
        mix(words[1]!)
      }
    }
  }
  return (4294967296 * (2097151 & b) + (a >>> 0)) || 1
}

const sameNode = (a: PathPoint, b: PathPoint): boolean => a === b || (a.length === b.length && a.every((value, at) => value === b[at]))
const samePath = (a: PathPoint[], b: PathPoint[]): boolean => a === b || (a.length === b.length && a.every((node, at) => sameNode(node, b[at]!)))

/** What differs between two lists that share their beginning and end. */
function splice<T>(before: T[], after: T[], same: (a: T, b: T) => boolean): Splice<T> {
  const shorter = Math.min(before.length, after.length)
  let [head, tail] = [0, 0]
  while (head < shorter && same(before[head]!, after[head]!)) head++
  while (tail < shorter - head && same(before[before.length - 1 - tail]!, after[after.length - 1 - tail]!)) tail++
  return { at: head, out: before.slice(head, before.length - tail), in: after.slice(head, after.length - tail) }
}

const spliced = <T>(list: readonly T[], { at, out, in: put }: Splice<T>): T[] => [...list.slice(0, at), ...put, ...list.slice(at + out.length)]

function pathsChange(before: Paths, after: Paths): PathsChange {
  const whole = splice(before, after, samePath)
  if (whole.out.length !== whole.in.length) return whole
  return { at: whole.at, nodes: whole.out.map((path, index) => splice(path, whole.in[index]!, sameNode)) }
}

/** The edit between two states of a region; undefined where it changes nothing. */
export function editOf(uid: string, before: Shape | undefined, after: Shape | undefined): Edit | undefined {
  const prints: Edit['prints'] = [fingerprint(before), fingerprint(after)]
  if (prints[0] === prints[1]) return undefined
  const facts: Edit['facts'] = [before ? factsOf(before) : null, after ? factsOf(after) : null]
  return { uid, facts, prints, paths: pathsChange(before?.paths ?? [], after?.paths ?? []) }
}

const flipped = <T>({ at, out, in: put }: Splice<T>): Splice<T> => ({ at, out: put, in: out })

/** The edit the other way round. */
export function inverse({ uid, facts, prints, paths }: Edit): Edit {
  const back = 'nodes' in paths ? { at: paths.at, nodes: paths.nodes.map(flipped) } : flipped(paths)
  return { uid, facts: [facts[1], facts[0]], prints: [prints[1], prints[0]], paths: back }
}

/** Whether a region is as the edit found it. */
export const fits = (edit: Edit, now: Shape | undefined): boolean => fingerprint(now) === edit.prints[0]

/** The region after the edit, for one that fits. */
export function edited({ facts: [, after], paths }: Edit, now: Shape | undefined): Shape | undefined {
  if (!after) return undefined
  const old = now?.paths ?? []
  if (!('nodes' in paths)) return { ...after, paths: spliced(old, paths) }
  return { ...after, paths: old.map((path, index) => (paths.nodes[index - paths.at] ? spliced(path, paths.nodes[index - paths.at]!) : path)) }
}
