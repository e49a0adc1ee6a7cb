import { Vector3 } from 'three'
import { describe, expect, it } from 'vitest'

import { keyMoves } from './keyMoves'
import { turned } from './turning'

describe('turning', () => {
  it('goes right around the upright axis and keeps the distance', () => {
    const { x, y, z } = turned(new Vector3(0, -2, 0), Math.PI / 2, 0)
    expect([x, y, z].map((value) => Math.round(value * 1e6) / 1e6 + 0)).toEqual([2, 0, 0])
  })

  it('goes up, but never over the top', () => {
    const { x, y, z } = turned(new Vector3(0, -2, 0), 0, Math.PI / 4)
    expect([x, y, z].map((value) => value.toFixed(3))).toEqual(['0.000', (-Math.SQRT2).toFixed(3), Math.SQRT2.toFixed(3)])
    expect(turned(new Vector3(0, -2, 0), 0, 5).y).toBeLessThan(0)
  })
})

it('has keys to turn, move, resize and begin anew, and leaves other keys alone', () => {
  const done: string[] = []
  const space = {
    move: (turn: readonly number[], zoom: number, shift: readonly number[]) => void done.push(turn[0] ? 'turn' : shift[1] ? 'shift' : zoom < 1 ? 'nearer' : 'away'),
    reset: () => void done.push('reset'),
  }
  expect([['ArrowLeft', false], ['ArrowUp', true], ['+', true], ['-', false], ['0', false], ['Tab', false]].map(([key, shift]) => keyMoves(key as string, shift as boolean, space)))
    .toEqual([true, true, true, true, true, false])
  expect(done).toEqual(['turn', 'shift', 'nearer', 'away', 'reset'])
})
