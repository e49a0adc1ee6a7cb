/**
 * What an edit changed of a region, small enough to keep hundreds: facts, and of its paths only the nodes that differ. With
 * it go fingerprints of both states, so that an edit is never undone on a region that somebody else has changed since.
 */
import type { PathPoint, Paths, ShapeKind } from '@/api/types'

import { pathsIn, type Row, rowOf } from './rows'

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

/** A splice of paths as it is kept. */
interface Kept {
  at: number
  out: Row
  in: Row
}

/** Whole paths that came, went or were replaced; or, path by path, nodes: each a splice of one path. */
type PathsChange = Kept | { at: number; nodes: Kept[] }

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

/** Two 32-bit words into which others are mixed, one after the other. */
interface Mixing {
  a: number
  b: number
}

function mix(into: Mixing, word: number): void {
  const [a, b] = [Math.imul(into.a ^ word, 2654435761), Math.imul(into.b ^ word, 1597334677)]
  into.a = a ^ (b >>> 15)
  into.b = b ^ (into.a >>> 13)
}

const number = ({ a, b }: Mixing): number => 4294967296 * (2097151 & b) + (a >>> 0)

const knownPrints = new WeakMap<Paths, Mixing>() // outlines never change, edits make new ones

function pathsPrint(paths: Paths): Mixing {
  const known = knownPrints.get(paths)
  if (known) return known
  const mixing: Mixing = { a: 0xdeadbeef, b: 0x41c6ce57 }
  const float = new Float64Array(1)
  const words = new Uint32Array(float.buffer)
  for (const path of paths) {
    mix(mixing, path.length)
    for (const node of path) {
      mix(mixing, node.length)
      for (let at = 0; at < node.length; at++) {
        float[0] = node[at]! + 0 // -0 comes back from the server as 0
        mix(mixing, words[0]! ^ Math.imul(words[1]!, 2654435769))
      }
    }
  }
  knownPrints.set(paths, mixing)
  return mixing
}

/** What an edit of these outlines will need is made ready, each in a moment of its own: a long one takes some milliseconds. */
export const makeReady = (outlines: readonly Paths[]): void => outlines.forEach((paths) => void setTimeout(() => pathsPrint(paths)))

/** A number that two different states of a region hardly ever share (53 bits); 0 for none. */
export function fingerprint(shape: Shape | undefined): number {
  if (!shape) return NOT_THERE
  const mixing = { ...pathsPrint(shape.paths) }
  const text = JSON.stringify(Object.entries(factsOf(shape)).sort(([one], [other]) => (one < other ? -1 : 1)))
  for (let at = 0; at < text.length; at++) mix(mixing, text.charCodeAt(at))
  return number(mixing) || 1
}

const sameNode = (a: PathPoint, b: PathPoint): boolean => a === b || (a.length === b.length && a.every((value, at) => value === b[at]))
const samePath = (a: PathPoint[], b: PathPoint[]): boolean => a === b || (a.length === b.length && a.every((node, at) => sameNode(node, b[at]!)))

/** The same outline, as the object we have of it where it is equal: what was made of that one need not be made anew. */
export const samePaths = (known: Paths, told: Paths): Paths =>
  known.length === told.length && known.every((path, at) => samePath(path, told[at]!)) ? known : told

/** What differs between two lists that share their beginning and end. */
function splice<T>(before: T[], after: T[], same: (a: T, b: T) => boolean): Splice<T> {
  const shorter = Math.min(before.length, after.length)
  let [head, tail] = [0, 0]
  while (head < shorter && same(before[head]!, after[head]!)) head++
  while (tail < shorter - head && same(before[before.length - 1 - tail]!, after[after.length - 1 - tail]!)) tail++
  return { at: head, out: before.slice(head, before.length - tail), in: after.slice(head, after.length - tail) }
}

const spliced = <T>(list: readonly T[], at: number, out: readonly T[], put: readonly T[]): T[] => list.slice(0, at).concat(put, list.slice(at + out.length))

function pathsChange(before: Paths, after: Paths): PathsChange {
  const whole = splice(before, after, samePath)
  if (whole.out.length !== whole.in.length) return { at: whole.at, out: rowOf(whole.out), in: rowOf(whole.in) }
  return { at: whole.at, nodes: whole.out.map((path, index) => {
    const { at, out, in: put } = splice(path, whole.in[index]!, sameNode)
    return { at, out: rowOf([out]), in: rowOf([put]) }
  }) }
}

/** The edit between two states of a region; undefined where it changes nothing. */
export function editOf(uid: string, before: Shape | undefined, after: Shape | undefined): Edit | undefined {
  const prints: Edit['prints'] = [fingerprint(before), fingerprint(after)]
  if (prints[0] === prints[1]) return undefined
  const facts: Edit['facts'] = [before ? factsOf(before) : null, after ? factsOf(after) : null]
  return { uid, facts, prints, paths: pathsChange(before?.paths ?? [], after?.paths ?? []) }
}

const flipped = ({ at, out, in: put }: Kept): Kept => ({ at, out: put, in: out })

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
  if (!('nodes' in paths)) return { ...after, paths: spliced(old, paths.at, pathsIn(paths.out), pathsIn(paths.in)) }
  return { ...after, paths: old.map((path, index) => {
    const change = paths.nodes[index - paths.at]
    return change ? spliced(path, change.at, pathsIn(change.out)[0]!, pathsIn(change.in)[0]!) : path
  }) }
}
