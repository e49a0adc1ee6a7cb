/**
 * Unsaved regions on the browser's shelf, one entry each, so that a reload or a crash loses nothing. They stand in
 * localStorage, because only what is written there is safe when the page ends in the very next moment; the browser's
 * database takes those that do not fit, a moment later.
 */
import type { Keep } from '@/shared/keep'

import { outlined, type Shape } from './history'
import type { Outbox, Pending } from './outbox'

type Entry = Pick<Pending, 'section' | 'wanted' | 'version'> & { at?: number }

const prefix = (owner: string) => `brodmann.unsaved.${owner}.`
const largePrefix = (owner: string) => `unsaved/${owner}/`

const changed = (before: Pending | undefined, now: Pending) => before?.wanted !== now.wanted || before.version !== now.version

function fits(storage: Storage, key: string, entry: Entry): boolean {
  try {
    storage.setItem(key, JSON.stringify(entry))
    return true
  } catch {
    return false // the browser's few megabytes are used up
  }
}

export class Shelf {
  private large: ReadonlySet<string> = new Set() // regions that lie in the database
  private readonly lost = new Set<string>() // regions kept nowhere

  /** `owner` is person and project. */
  constructor(
    private readonly storage: Storage,
    private readonly keep: Keep,
    private readonly owner: string,
    private readonly clock: () => number = Date.now,
  ) {}

  /** Writes what is new or changed and takes away what is stored by now. False while a region is kept nowhere. */
  async shelve(before: Outbox, now: Outbox): Promise<boolean> {
    const [put, gone]: [[string, Entry][], string[]] = [[], []]
    for (const uid of before.keys()) {
      if (now.has(uid)) continue
      this.storage.removeItem(prefix(this.owner) + uid)
      this.lost.delete(uid)
      if (this.large.has(uid)) gone.push(uid)
    }
    for (const [uid, pending] of now) {
      if (!changed(before.get(uid), pending)) continue
      const entry: Entry = { section: pending.section, wanted: pending.wanted, version: pending.version, at: this.clock() }
      this.lost.delete(uid)
      if (!fits(this.storage, prefix(this.owner) + uid, entry)) put.push([uid, entry])
      else if (this.large.has(uid)) gone.push(uid)
    }
    if (put.length || gone.length) await this.store(put, gone)
    return !this.lost.size
  }

  private async store(put: [string, Entry][], gone: string[]): Promise<void> {
    this.large = new Set([...this.large, ...put.map(([uid]) => uid)].filter((uid) => !gone.includes(uid)))
    const place = (uid: string) => largePrefix(this.owner) + uid
    try {
      await this.keep.write(put.map(([uid, entry]) => [place(uid), entry]), gone.map(place))
    } catch {
      for (const [uid] of put) this.lost.add(uid)
    }
  }

  /** What localStorage holds, at once; an entry that cannot be read is left alone. */
  unshelve(): Outbox {
    const entries: [string, Entry][] = []
    for (let index = 0; index < this.storage.length; index++) {
      const key = this.storage.key(index) ?? ''
      if (!key.startsWith(prefix(this.owner))) continue
      try {
        entries.push([key.slice(prefix(this.owner).length), JSON.parse(this.storage.getItem(key) ?? '') as Entry])
      } catch {
        continue
      }
    }
    return waiting(entries)
  }

  /** What the database holds that is newer than what lies in localStorage. */
  async unshelveLarge(): Promise<Outbox> {
    const kept = await this.keep.read(largePrefix(this.owner)).catch((): [string, unknown][] => [])
    const entries = kept.map(([key, entry]): [string, Entry] => [key.slice(largePrefix(this.owner).length), entry as Entry])
    this.large = new Set(entries.map(([uid]) => uid))
    return waiting(entries.filter(([uid, entry]) => (entry.at ?? 0) > this.smallAt(uid)))
  }

  private smallAt(uid: string): number {
    try {
      return (JSON.parse(this.storage.getItem(prefix(this.owner) + uid) ?? '') as Entry).at ?? 0
    } catch {
      return -Infinity
    }
  }
}

/** What an older release shelved has fewer facts. */
const whole = (wanted: Shape | null): Shape | null => wanted && { ...outlined(wanted.area, wanted.paths), ...wanted }

const waiting = (entries: readonly [string, Entry][]): Outbox =>
  new Map(entries.map(([uid, { section, wanted, version }]) => [uid, { uid, section, wanted: whole(wanted), version, state: 'waiting' } satisfies Pending]))
