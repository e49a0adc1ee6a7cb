import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, ref } from 'vue'

import { tapOrHold } from './tapOrHold'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function made() {
  const [held, taps] = [ref(false), vi.fn()]
  return { held, taps, key: effectScope().run(() => tapOrHold(held, taps))! }
}

test('a tap does the one thing and nothing is held meanwhile', () => {
  const { held, taps, key } = made()
  key.press()
  expect(held.value).toBe(false)
  key.release()
  vi.runAllTimers()
  expect([held.value, taps.mock.calls.length]).toEqual([false, 1])
})

test('held, with the repeats of the keyboard, it is the other, until it is let go', () => {
  const { held, taps, key } = made()
  for (let times = 0; times < 5; times++) {
    key.press()
    vi.advanceTimersByTime(90)
  }
  expect(held.value).toBe(true)
  key.release()
  vi.runAllTimers()
  expect([held.value, taps.mock.calls.length]).toEqual([false, 0])
})

test('letting go of what was pressed elsewhere does nothing', () => {
  const { taps, key } = made()
  key.release()
  expect(taps).not.toHaveBeenCalled()
})
