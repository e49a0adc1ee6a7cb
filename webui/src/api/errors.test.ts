import { expect, test } from 'vitest'

import { ApiError, describeError, errorFromAnswer } from './errors'

test('an answer without the contract\'s shape is an error all the same', () => {
  expect(errorFromAnswer(500, '<html>')).toMatchObject({ status: 500, code: 'http_500', transient: false })
  expect(errorFromAnswer(503, undefined)).toMatchObject({ code: 'no_answer', transient: true })
})

test('an error is told in words, with its facts for the fold-out', () => {
  const told = describeError(new ApiError(409, 'conflict', 'Somebody was faster.', { version: 3 }))
  expect(told.message).toBe('Somebody was faster.')
  expect(JSON.parse(told.details)).toEqual({ code: 'conflict', status: 409, version: 3 })
  expect(describeError(new TypeError('x is undefined')).message).not.toMatch(/undefined/)
})
