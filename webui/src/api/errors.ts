/** What went wrong with a request, in words for the screen, with everything known about it for the fold-out. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** True when trying again later can help without the request changing. */
  get transient(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

const NO_ANSWER = 'The server does not answer. Your unsaved work is kept; Brodmann goes on trying.'

/** The error for a request that got no answer. */
export function noAnswer(cause: unknown): ApiError {
  return new ApiError(0, 'no_answer', NO_ANSWER, { cause: String(cause) })
}

/** The error an answer tells, whether or not it has the contract's shape (a proxy's error page has not). */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  const error = (body as { error?: { code?: unknown; message?: unknown; details?: unknown } } | undefined)?.error
  if (typeof error?.message === 'string' && typeof error.code === 'string') {
    return new ApiError(status, error.code, error.message, (error.details as Record<string, unknown>) ?? {})
  }
  if (status === 502 || status === 503 || status === 504) return new ApiError(status, 'no_answer', NO_ANSWER)
  return new ApiError(status, `http_${status}`, `The server answered with status ${status}.`, { answer: body })
}

/** Anything thrown, as words: an ApiError says its own, others are our mistakes. */
export function describeError(thrown: unknown): { message: string; details: string } {
  if (thrown instanceof ApiError) {
    const facts = { code: thrown.code, status: thrown.status, ...thrown.details }
    return { message: thrown.message, details: JSON.stringify(facts, null, 2) }
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return { message: 'Something in this page went wrong. Reload it; saved work is safe.', details: stack }
}
