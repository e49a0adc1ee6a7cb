/**
 * A shelf in the browser's own database (IndexedDB), for what outgrows localStorage. Keys are texts in parts divided by
 * slashes; everything of one call is written together or not at all. A write is on disk moments later, not when the call
 * returns, so nothing that must survive the very end of a page stands here alone.
 */
export interface Keep {
  read: (prefix: string) => Promise<[string, unknown][]>
  keys: (prefix: string) => Promise<string[]>
  write: (put: readonly (readonly [string, unknown])[], gone: readonly string[]) => Promise<void>
}

const DATABASE = 'brodmann'
const STORE = 'kept'

const below = (prefix: string) => IDBKeyRange.bound(prefix, `${prefix}\uffff`)

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function database(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE)
  return answer(opening)
}

/** The browser's database, opened when first asked. Every call fails where the browser has none (some private windows). */
function browserKeep(): Keep {
  let opened: Promise<IDBDatabase> | undefined
  const store = async (mode: IDBTransactionMode) => (await (opened ??= database())).transaction(STORE, mode).objectStore(STORE)
  return {
    async read(prefix) {
      const kept = await store('readonly')
      const [keys, values] = await Promise.all([answer(kept.getAllKeys(below(prefix))), answer<unknown[]>(kept.getAll(below(prefix)))])
      return keys.map((key, index) => [String(key), values[index]])
    },
    keys: async (prefix) => (await answer((await store('readonly')).getAllKeys(below(prefix)))).map(String),
    async write(put, gone) {
      const kept = await store('readwrite')
      for (const key of gone) kept.delete(key)
      for (const [key, value] of put) kept.put(value, key)
      await new Promise<void>((resolve, reject) => {
        kept.transaction.oncomplete = () => resolve()
        kept.transaction.onabort = () => reject(kept.transaction.error)
      })
    },
  }
}

export const keep: Keep = browserKeep()
