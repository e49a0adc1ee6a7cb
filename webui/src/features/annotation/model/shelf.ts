/** Unsaved regions on the browser's shelf, one key each, so that a reload or a crash loses nothing. */
import type { Outbox, Pending } from './outbox'

const prefix = (owner: string) => `brodmann.unsaved.${owner}.`

/** Writes what is new or changed and takes away what is stored by now. `owner` is person and project. */
export function shelve(storage: Storage, owner: string, before: Outbox, now: Outbox): void {
  for (const uid of before.keys()) if (!now.has(uid)) storage.removeItem(prefix(owner) + uid)
  for (const [uid, entry] of now) {
    if (before.get(uid)?.wanted !== entry.wanted || before.get(uid)?.version !== entry.version) {
      const { section, wanted, version } = entry
      storage.setItem(prefix(owner) + uid, JSON.stringify({ section, wanted, version }))
    }
  }
}

/** What was left unsaved, all waiting to be sent. An entry that cannot be read is left alone. */
export function unshelve(storage: Storage, owner: string): Outbox {
  const found = new Map<string, Pending>()
  for (let index = 0; index < storage.length; index++) {
    const key = storage.key(index) ?? ''
    if (!key.startsWith(prefix(owner))) continue
    const uid = key.slice(prefix(owner).length)
    try {
      const { section, wanted, version } = JSON.parse(storage.getItem(key) ?? '') as Pending
      found.set(uid, { uid, section, wanted, version, state: 'waiting' })
    } catch {
      continue
    }
  }
  return found
}
