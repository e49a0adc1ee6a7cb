/** The typed client of the backend: adds the CSRF token, retries what is safe to retry, turns answers into values or ApiError. */
import createClient from 'openapi-fetch'

import type { paths } from './contracts'
import { ApiError, errorFromAnswer, noAnswer } from './errors'

const RETRY_WAITS_MS = [250, 700, 1500]
const MAY_COME_BACK = new Set([502, 503, 504])

type Reachability = (reachable: boolean) => void
const listeners = new Set<Reachability>()
let csrfToken = ''
let onLoggedOut: () => void = () => undefined

/** Calls `listener` whenever a request shows that the server does or does not answer. */
export function watchReachability(listener: Reachability): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function setCsrfToken(token: string): void {
  csrfToken = token
}

/** `action` runs when the server says that nobody is logged in. */
export function whenLoggedOut(action: () => void): void {
  onLoggedOut = action
}

const pause = (wait_ms: number) => new Promise((resolve) => setTimeout(resolve, wait_ms))

function tell(reachable: boolean): void {
  for (const listener of listeners) listener(reachable)
}

/** One attempt. A missing answer and a proxy's "nobody home" are the same to the caller. */
async function attempt(request: Request): Promise<Response> {
  const answer = await fetch(request).catch((cause: unknown) => noAnswer(cause))
  if (answer instanceof ApiError) throw answer
  if (MAY_COME_BACK.has(answer.status)) throw errorFromAnswer(answer.status, await answer.json().catch(() => undefined))
  return answer
}

/** GETs are tried again; a changing request is sent once, and its caller decides. */
async function fetchWithRetry(request: Request): Promise<Response> {
  if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken)
  const waits_ms = request.method === 'GET' ? RETRY_WAITS_MS : []
  for (let tried = 0; ; tried++) {
    try {
      const answer = await attempt(waits_ms.length ? request.clone() : request)
      tell(true)
      if (answer.status === 401 && !request.url.endsWith('/api/session')) onLoggedOut()
      return answer
    } catch (error) {
      const wait_ms = waits_ms[tried]
      if (wait_ms === undefined) {
        tell(false)
        throw error
      }
      await pause(wait_ms)
    }
  }
}

export const api = createClient<paths>({ baseUrl: '/', fetch: fetchWithRetry })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The value of an answer; throws ApiError otherwise. */
export async function value<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (!response.ok) throw errorFromAnswer(response.status, error)
  return data as T
}

/** The same, for shapes with tuples, which the client's types widen to arrays: T is the contract's shape. */
export const exact = <T>(answer: Promise<Answer<unknown>>): Promise<T> => value(answer) as Promise<T>

/** A binary answer, for rasters. */
export async function readBlob(url: string): Promise<Blob> {
  const answer = await fetchWithRetry(new Request(url))
  if (!answer.ok) throw errorFromAnswer(answer.status, await answer.json().catch(() => undefined))
  return answer.blob()
}
