import { ref, shallowRef, watch, type Ref, type ShallowRef, type WatchSource } from 'vue'

export interface Loaded<T> {
  data: ShallowRef<T | undefined>
  error: ShallowRef<unknown>
  loading: Ref<boolean>
  reload: () => Promise<void>
}

/** Loads when any of `sources` changes; an answer that arrives after a newer request is dropped. */
export function useLoad<T>(load: () => Promise<T>, sources: WatchSource[] = []): Loaded<T> {
  const data = shallowRef<T>()
  const error = shallowRef<unknown>()
  const loading = ref(false)
  let newest = 0

  async function reload(): Promise<void> {
    const mine = ++newest
    loading.value = true
    try {
      const answer = await load()
      if (mine !== newest) return
      data.value = answer
      error.value = undefined
    } catch (thrown) {
      if (mine === newest) error.value = thrown
    } finally {
      if (mine === newest) loading.value = false
    }
  }

  watch(sources, reload, { immediate: true })
  return { data, error, loading, reload }
}
