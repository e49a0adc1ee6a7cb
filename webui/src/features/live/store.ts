import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'

import { eventsUrl, listChanges } from '@/api/calls'
import { watchReachability } from '@/api/client'
import type { Change, PersonHere } from '@/api/types'

import { ChangeStream, type StreamPorts, type StreamState } from './model/stream'

type Follower = (changes: Change[]) => void
const KINDS: Change['kind'][] = ['annotation', 'job', 'task', 'prediction', 'review']
const BEYOND_ALL_CHANGES = 2 ** 31 - 1 // asked for what comes after it, the server only tells its newest number
const GATHER_MS = 150 // several changes at once are followed by one round of requests

const openEvents =
  (project: string, presence: (people: PersonHere[]) => void): StreamPorts['openEvents'] =>
  (after, on) => {
    const source = new EventSource(eventsUrl(project, after))
    const read = (event: MessageEvent<string>) => on.change(JSON.parse(event.data) as Change)
    source.addEventListener('open', on.open)
    for (const kind of KINDS) source.addEventListener(kind, read as EventListener)
    source.addEventListener('presence', ({ data }: MessageEvent<string>) => presence((JSON.parse(data) as { people: PersonHere[] }).people))
    source.addEventListener('error', on.lost)
    return () => source.close()
  }

/** Live changes of the project on screen, and whether the server can be reached. */
export const useLive = defineStore('live', () => {
  const state = ref<StreamState>('connecting')
  const reachable = ref(true)
  const people = shallowRef<readonly PersonHere[]>([]) // with a page of this project open
  const followers = new Set<Follower>()
  let stream: ChangeStream | undefined
  let gathered: Change[] = []

  const offline = computed(() => state.value === 'offline' || !reachable.value)
  watchReachability((answered) => (reachable.value = answered))

  function deliver(changes: Change[]): void {
    if (!gathered.length) setTimeout(hand, GATHER_MS)
    gathered.push(...changes)
  }

  function hand(): void {
    const changes = gathered
    gathered = []
    for (const follower of followers) follower(changes)
  }

  function start(project: string): void {
    stop()
    stream = new ChangeStream({
      latest: async () => (await listChanges(project, BEYOND_ALL_CHANGES)).latest,
      changesAfter: (seq) => listChanges(project, seq),
      openEvents: openEvents(project, (now) => (people.value = now)),
      after: (wait_ms, action) => {
        const timer = setTimeout(action, wait_ms)
        return () => clearTimeout(timer)
      },
      tell: (now) => (state.value = now),
      deliver,
    })
    stream.start()
  }

  function stop(): void {
    stream?.stop()
    stream = undefined
    people.value = []
  }

  /** Calls `follower` with fresh changes while the caller's scope lives. */
  function follow(follower: Follower): void {
    followers.add(follower)
    onScopeDispose(() => followers.delete(follower))
  }

  return { state, offline, people, start, stop, follow }
})
