import { expect, test } from 'vitest'

import type { Alignment, AlignmentStep, TilePyramid } from '@/api/types'
import { affineOf, map } from '@/shared/rigid'

import { back, forth, moved, UNMOVED } from './history'
import { acrossStep, centredOn, movedWords, stepBetween, stepOwner, stepWords } from './neighbour'

const step = (section: number, successor: number): AlignmentStep => ({
  section, successor, residual_um: 22.6, hand_set: false, computed: null, author: null,
  transform: { angle_rad: 0.2, dx_um: 300, dy_um: -40, mirrored: true },
  quality: { matches: 40, inliers: 32, weak: false },
})
const alignment: Alignment = { format_version: 1, base_section: 1, steps: [step(1, 2), step(2, 3)] }

test('the step to the section before is that section’s own', () => {
  expect(stepBetween(alignment, 'previous', 2, 1)?.section).toBe(1)
  expect(stepBetween(alignment, 'next', 2, 3)?.section).toBe(2)
  expect([stepOwner('previous', 2, 1), stepOwner('next', 2, 3)]).toEqual([1, 2])
  expect(stepBetween(alignment, 'next', 3, 4)).toBeUndefined()
  expect(stepBetween(alignment, 'next', 1, 3)).toBeUndefined() // a step over a section is another step
})

test('the section before comes over by its step, the one after by the way back, and setting inverts the same way', () => {
  const { transform } = step(2, 3)
  const there = map(affineOf(transform), [700, 900])
  expect(map(affineOf(acrossStep('previous', transform)), [700, 900])).toEqual(there)
  const [x, y] = map(affineOf(acrossStep('next', transform)), there)
  expect([x, y].map(Math.round)).toEqual([700, 900])
  const again = acrossStep('next', acrossStep('next', transform))
  expect(again.dx_um).toBeCloseTo(transform.dx_um, 9)
  expect(again.dy_um).toBeCloseTo(transform.dy_um, 9)
  expect(again.angle_rad).toBeCloseTo(transform.angle_rad, 12)
})

test('how sure a step is, is said in words', () => {
  expect(stepWords(step(1, 2))).toBe('32 of 40 features agree, 23 µm apart')
  const weak = { ...step(1, 2), quality: { matches: 40, inliers: 12, weak: true } }
  expect(stepWords(weak)).toBe('weak: 12 of 40 features agree, 23 µm apart; look whether it is right')
  expect(stepWords({ ...step(1, 2), hand_set: true, author: 'anna' })).toBe('set by hand by anna')
  expect(stepWords({ ...step(1, 2), quality: null, residual_um: null })).toBe('aligned')
  expect(stepWords(undefined)).toContain('not aligned')
})

test('how far it was moved is said in words', () => {
  const now = { angle_rad: 0, dx_um: 0, dy_um: 0, mirrored: false }
  expect(movedWords(now, now, [5, 5], [5, 5])).toBe('')
  expect(movedWords(now, { ...now, angle_rad: 0.02 }, [5, 5], [125, -25])).toBe('120 µm right, 30 µm up, 1.1° clockwise')
  expect(movedWords(now, { ...now, mirrored: true, angle_rad: 2 }, [5, 5], [5, 5])).toBe('mirrored')
})

test('without an alignment the middles lie on one another', () => {
  const image = (width_px: number): TilePyramid => ({
    brain: 'B', section: 1, version: 'v', pixel_size_um: 2, tile_size_px: 256, levels: [{ level: 0, width_px, height_px: 100 }],
    bits_per_sample: 8, black: 0, white: 255,
  })
  expect(map(affineOf(centredOn(image(1000), image(400))), [400, 100])).toEqual([1000, 100])
})

test('moves can be taken back one by one, to where the step says', () => {
  const place = (dx_um: number) => ({ angle_rad: 0, dx_um, dy_um: 0, mirrored: false })
  const two = moved(moved(UNMOVED, place(1)), place(2))
  expect(back(two).current).toEqual(place(1))
  expect(back(back(two)).current).toBeUndefined()
  expect(forth(back(two)).current).toEqual(place(2))
  expect(moved(back(two), place(9)).future).toEqual([])
  expect(back(UNMOVED)).toEqual(UNMOVED)
})
