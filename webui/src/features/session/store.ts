import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

import { logIn, logOut, readSession } from '@/api/calls'
import { setCsrfToken } from '@/api/client'
import { ApiError } from '@/api/errors'
import type { Session } from '@/api/types'

/** Who is logged in. `undefined` until asked. */
export const useSession = defineStore('session', () => {
  const session = shallowRef<Session | null>()

  function take(found: Session | null): void {
    session.value = found
    setCsrfToken(found?.csrf_token ?? '')
  }

  /** Asks the server once; only "nobody is logged in" counts as nobody, other errors are thrown. */
  async function ensure(): Promise<Session | null> {
    if (session.value !== undefined) return session.value
    try {
      take(await readSession())
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      take(null)
    }
    return session.value ?? null
  }

  async function enter(name: string, password: string): Promise<void> {
    take(await logIn(name, password))
  }

  async function leave(): Promise<void> {
    await logOut()
    take(null)
  }

  return { session, ensure, enter, leave, forget: () => take(null) }
})
