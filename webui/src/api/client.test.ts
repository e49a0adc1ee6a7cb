import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const answers: (() => Response)[] = []
const requests: Request[] = []

// The client takes its base address and its fetch from the page; here both are given, and every wait is over at once.
beforeEach(() => {
  answers.length = requests.length = 0
  const PageRequest = globalThis.Request
  vi.stubGlobal('Request', class extends PageRequest {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(typeof input === 'string' ? new URL(input, 'http://page.test') : input, init)
    }
  })
  vi.stubGlobal('fetch', async (request: Request) => {
    requests.push(request)
    const answer = answers.shift()
    if (!answer) throw new TypeError('no answer')
    return answer()
  })
  vi.stubGlobal('setTimeout', (action: () => void) => queueMicrotask(action))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

const load = async () => ({ ...(await import('./client')), ...(await import('./calls')) })

test('a GET is tried again until the server is back, and the page hears that it answers', async () => {
  const { listProjects, watchReachability } = await load()
  const heard: boolean[] = []
  watchReachability((reachable) => heard.push(reachable))
  answers.push(() => json({}, 502), () => json({ projects: [] }))
  expect(await listProjects()).toEqual({ projects: [] })
  expect(requests).toHaveLength(2)
  expect(heard).toEqual([true])
})

test('when no answer comes, the error says so in words and the page hears it', async () => {
  const { listProjects, watchReachability } = await load()
  const heard: boolean[] = []
  watchReachability((reachable) => heard.push(reachable))
  await expect(listProjects()).rejects.toMatchObject({ status: 0, code: 'no_answer', transient: true })
  expect(requests).toHaveLength(4)
  expect(heard).toEqual([false])
})

test('a change is sent once, with the CSRF token', async () => {
  const { deleteAnnotation, setCsrfToken } = await load()
  setCsrfToken('token-1')
  await expect(deleteAnnotation('demo', 'a'.repeat(32), 3)).rejects.toMatchObject({ status: 0 })
  expect(requests).toHaveLength(1)
  expect(requests[0]!.headers.get('X-CSRF-Token')).toBe('token-1')
  expect(requests[0]!.url).toMatch(/annotations\/a{32}\?version=3$/)
})

test('an error of the server keeps its code, message and details', async () => {
  const { readProject } = await load()
  answers.push(() => json({ error: { code: 'unknown_project', message: 'There is no project x.', details: { project: 'x' } } }, 404))
  await expect(readProject('x')).rejects.toMatchObject({
    status: 404, code: 'unknown_project', message: 'There is no project x.', details: { project: 'x' }, transient: false,
  })
})

test('when nobody is logged in the page is told, but not for the question who is', async () => {
  const { listProjects, readSession, whenLoggedOut } = await load()
  let told = 0
  whenLoggedOut(() => told++)
  const nobody = () => json({ error: { code: 'not_logged_in', message: 'Log in first.', details: {} } }, 401)
  answers.push(nobody, nobody)
  await expect(readSession()).rejects.toMatchObject({ status: 401 })
  expect(told).toBe(0)
  await expect(listProjects()).rejects.toMatchObject({ status: 401 })
  expect(told).toBe(1)
})
