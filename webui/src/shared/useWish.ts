import { ref, shallowRef, type ShallowRef } from 'vue'

import { randomKey } from './randomKey'

interface Job {
  readonly report: { readonly key: string }
}

/** Starting and stopping jobs of a list: what came of a wish is shown at once, and an error stays until the next wish. */
export function useWish<J extends Job>(jobs: ShallowRef<readonly J[]>, refresh: () => Promise<void>) {
  const busy = ref(false)
  const failure = shallowRef<unknown>()
  let unanswered: { body: string; key: string } | undefined

  async function ask(wish: () => Promise<J>): Promise<boolean> {
    busy.value = true
    try {
      const job = await wish()
      jobs.value = [job, ...jobs.value.filter((one) => one.report.key !== job.report.key)]
      failure.value = undefined
    } catch (thrown) {
      failure.value = thrown
    } finally {
      busy.value = false
    }
    await refresh()
    return !failure.value
  }

  /** The same wish after a lost answer keeps its key, so that it never makes a second job. */
  async function askNew(what: unknown, create: (key: string) => Promise<J>): Promise<boolean> {
    const body = JSON.stringify(what)
    if (unanswered?.body !== body) unanswered = { body, key: randomKey() }
    const { key } = unanswered
    const done = await ask(() => create(key))
    if (done) unanswered = undefined
    return done
  }

  return { busy, failure, ask, askNew }
}
