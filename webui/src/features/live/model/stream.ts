/**
 * The stream of a project's changes: server-sent events while they work, otherwise asking again and again.
 * Whatever breaks, it goes on by itself from the last change it has seen, so nothing is missed.
 */
import type { Change, ChangeList } from '@/api/types'

import { backoff_ms } from './backoff'

export type StreamState = 'connecting' | 'live' | 'polling' | 'offline'

const POLL_INTERVAL_MS = 3000
const TRY_EVENTS_EVERY_POLLS = 10
const FAILURES_BEFORE_POLLING = 3

/** What the stream needs from outside; `openEvents` returns a function that closes. */
export interface StreamPorts {
  latest: () => Promise<number>
  changesAfter: (seq: number) => Promise<ChangeList>
  openEvents: (after: number, on: { open: () => void; change: (change: Change) => void; lost: () => void }) => () => void
  after: (wait_ms: number, action: () => void) => () => void
  tell: (state: StreamState) => void
  deliver: (changes: Change[]) => void
}

export class ChangeStream {
  private seq: number | undefined
  private failures = 0 // of events, in a row
  private silences = 0 // of the server as a whole, in a row
  private polls = 0
  private stopped = false
  private cancel: () => void = () => undefined

  constructor(private readonly ports: StreamPorts) {}

  start(): void {
    this.ports.tell('connecting')
    void this.catchUp()
  }

  stop(): void {
    this.stopped = true
    this.cancel()
  }

  /** Asks for what was missed, then listens (or, where events do not come through, asks again later). */
  private async catchUp(): Promise<void> {
    try {
      if (this.seq === undefined) this.seq = await this.ports.latest()
      else this.take(await this.ports.changesAfter(this.seq))
      this.silences = 0
    } catch {
      if (this.stopped) return
      this.ports.tell('offline')
      this.cancel = this.ports.after(backoff_ms(++this.silences), () => void this.catchUp())
      return
    }
    if (!this.stopped) this.goOn()
  }

  private goOn(): void {
    if (this.failures < FAILURES_BEFORE_POLLING) return this.listen()
    this.ports.tell('polling')
    if (++this.polls % TRY_EVENTS_EVERY_POLLS === 0) this.failures = FAILURES_BEFORE_POLLING - 1
    this.cancel = this.ports.after(POLL_INTERVAL_MS, () => void this.catchUp())
  }

  private listen(): void {
    const close = this.ports.openEvents(this.seq!, {
      open: () => {
        this.failures = 0
        this.ports.tell('live')
      },
      change: (change) => this.take({ changes: [change], latest: change.seq }),
      lost: () => {
        close()
        if (this.stopped) return
        this.cancel = this.ports.after(backoff_ms(++this.failures), () => void this.catchUp())
      },
    })
    this.cancel = close
  }

  private take(found: ChangeList): void {
    const fresh = found.changes.filter((change) => change.seq > this.seq!)
    this.seq = Math.max(this.seq!, found.latest, ...fresh.map((change) => change.seq))
    if (fresh.length && !this.stopped) this.ports.deliver(fresh)
  }
}
