import { expect, test } from 'vitest'

import type { PathPoint, Paths } from '@/api/types'

import { area_um2, contains } from '../model/geometry'
import { check } from './check'
import { fillGap, giveOverlap, untie } from './mend'

const box = (left: number, top: number, right: number, bottom: number): PathPoint[] => [[left, top], [right, top], [right, bottom], [left, bottom]]
const round = (x: number, y: number, radius: number, nodes = 400): PathPoint[] => Array.from({ length: nodes }, (_, at): PathPoint => {
  const angle = (at / nodes) * 2 * Math.PI
  return [Math.round(100 * (x + radius * Math.cos(angle))) / 100, Math.round(100 * (y + radius * Math.sin(angle))) / 100]
})
const kinds = (regions: Paths[], gap_um = 50) => check(regions, gap_um).map(({ kind, regions: of }) => [kind, ...of])

const LEFT: Paths = [box(0, 0, 1000, 1000)]
const OVERLAPPING: Paths = [box(900, 200, 2000, 800)]
const APART: Paths = [box(1030, 0, 2000, 1000)]
const BOW: Paths = [[[0, 0], [1000, 1000], [1000, 0], [0, 1000]]]

test('regions that share a border, lie apart or one in the hole of another are in order', () => {
  expect(kinds([LEFT, [box(1000, 0, 2000, 1000)]])).toEqual([])
  expect(kinds([LEFT, [box(1060, 0, 2000, 1000)]])).toEqual([])
  expect(kinds([[box(0, 0, 1000, 1000), box(200, 200, 800, 800)], [box(200, 200, 800, 800)]])).toEqual([])
  expect(kinds([[round(0, 0, 500)], [round(0, 1200, 500)]])).toEqual([])
})

test('an overlap is found with its size and a place in it, and given to either', () => {
  const [found] = check([LEFT, OVERLAPPING], 50)
  expect(found).toMatchObject({ kind: 'overlap', regions: [0, 1], size_um2: 60_000 })
  expect(contains(LEFT, found!.at_um) && contains(OVERLAPPING, found!.at_um)).toBe(true)
  for (const [keeper, loser] of [[LEFT, OVERLAPPING], [OVERLAPPING, LEFT]] as const) {
    const mended = giveOverlap(keeper, loser)
    expect(mended.map(area_um2)).toEqual([area_um2(keeper), area_um2(loser) - 60_000])
    expect(kinds(mended)).toEqual([])
    const [kept, left] = mended.map((paths) => new Set(paths.flat().map(String)))
    expect([...left!].filter((node) => kept!.has(node)).length).toBeGreaterThanOrEqual(2) // they share nodes from now on
  }
})

test('a region inside another one is an overlap; given to the inner, the outer has a hole', () => {
  const inner: Paths = [box(400, 400, 600, 600)]
  expect(kinds([LEFT, inner])).toEqual([['overlap', 0, 1]])
  expect(giveOverlap(inner, LEFT)[1]).toHaveLength(2)
  expect(giveOverlap(LEFT, inner)[1]).toEqual([])
})

test('a gap narrower than the width is found and filled into either of its neighbours', () => {
  const [found] = check([LEFT, APART], 50)
  expect(found).toMatchObject({ kind: 'gap', regions: [0, 1] })
  expect(found!.size_um2).toBeCloseTo(30_000, -3)
  expect(kinds([LEFT, APART], 20)).toEqual([])
  for (const [at, region] of [LEFT, APART].entries()) {
    const filled = fillGap(region, found!.paths)
    expect(area_um2(filled)).toBeCloseTo(area_um2(region) + found!.size_um2, -1)
    expect(kinds(at ? [LEFT, filled] : [filled, APART])).toEqual([])
  }
})

test('a hole where three regions meet is one gap of the three', () => {
  const three: Paths[] = [[box(0, 0, 500, 500)], [box(520, 0, 1000, 500)], [box(0, 520, 1000, 1000)]]
  expect(kinds(three).map(([kind, ...of]) => [kind, of.length])).toContainEqual(['gap', 3])
})

test('curved outlines that nearly touch have a gap, and rounding makes no overlap', () => {
  const [one, other] = [[round(0, 0, 500)], [round(0, 1010, 500)]]
  expect(kinds([one, other])).toEqual([['gap', 0, 1]])
  const [found] = check([one, other], 50)
  expect(kinds([fillGap(one, found!.paths), other])).toEqual([])
})

test('an outline that crosses itself is told with the place, and untied it fills the same', () => {
  expect(check([BOW], 50)).toMatchObject([{ kind: 'crossing', regions: [0], at_um: [500, 500] }])
  const untied = untie(BOW, 2500)
  expect(area_um2(untied)).toBe(500_000)
  expect(kinds([untied])).toEqual([])
})

test('untying drops the small loop of a hand that closed a ring too late, and keeps Bezier curves', () => {
  const loop: Paths = [[[0, 0, 0, 0, 300, -200], [1000, 0, -300, -200, 0, 0], [1000, 1000], [-20, 1000], [30, -50]]]
  expect(kinds([loop]).map(([kind]) => kind)).toEqual(['crossing'])
  const untied = untie(loop, 2500)
  expect(kinds([untied])).toEqual([])
  expect(untied).toHaveLength(1)
})

test('two rings of a region that cross one another are a crossing too', () => {
  expect(kinds([[box(0, 0, 1000, 1000), box(500, 500, 1500, 1500)]])).toEqual([['crossing', 0]])
})

test('gaps between regions of two thousand points each are found one by one', () => {
  const many = Array.from({ length: 40 }, (_, at): Paths => [round((at % 20) * 310, Math.floor(at / 20) * 310, 150, 2000)])
  const found = check(many, 50)
  expect(found.map(({ kind, regions }) => [kind, regions.length])).toEqual(Array.from({ length: 58 }, () => ['gap', 2])) // 2 rows of 20: 38 across, 20 down
})
