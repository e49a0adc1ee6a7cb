import { expect, test } from 'vitest'

import type { Change } from '@/api/types'

import { ChangeStream, type StreamPorts, type StreamState } from './stream'

const change = (seq: number): Change => ({
  seq, project: 'p', kind: 'job', id: 'a'.repeat(32), section: null, author: null, at: '2026-01-01T00:00:00Z',
})

/** A server that can be switched off, events that can be refused, and a clock moved by hand. */
class World implements StreamPorts {
  states: StreamState[] = []
  seen: number[] = []
  log: Change[] = [change(7)]
  up = true
  events = true
  listener: Parameters<StreamPorts['openEvents']>[1] | undefined
  timers: (() => void)[] = []

  latest = async () => this.answer().at(-1)?.seq ?? 0
  changesAfter = async (seq: number) => {
    const changes = this.answer().filter((one) => one.seq > seq)
    return { changes, latest: this.log.at(-1)!.seq }
  }
  openEvents: StreamPorts['openEvents'] = (_after, on) => {
    this.listener = on
    queueMicrotask(() => (this.up && this.events ? on.open() : on.lost()))
    return () => undefined
  }
  after = (_wait_ms: number, action: () => void) => {
    this.timers.push(action)
    return () => undefined
  }
  tell = (state: StreamState) => void this.states.push(state)
  deliver = (changes: Change[]) => void this.seen.push(...changes.map((one) => one.seq))

  private answer(): Change[] {
    if (!this.up) throw new Error('down')
    return this.log
  }
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  async tick(): Promise<void> {
    for (const action of this.timers.splice(0)) action()
    await this.settle()
  }
}

async function started(world = new World()): Promise<World> {
  new ChangeStream(world).start()
  await world.settle()
  return world
}

test('changes from before the page opened are not delivered, later ones are', async () => {
  const world = await started()
  world.listener!.change(change(8))
  expect(world.states.at(-1)).toBe('live')
  expect(world.seen).toEqual([8])
})

test('after a restart of the server nothing is missed and nothing comes twice', async () => {
  const world = await started()
  world.up = false
  world.listener!.lost()
  await world.tick()
  expect(world.states.at(-1)).toBe('offline')
  world.log.push(change(8), change(9))
  world.up = true
  await world.tick()
  expect(world.states.at(-1)).toBe('live')
  world.listener!.change(change(9))
  expect(world.seen).toEqual([8, 9])
})

test('where events never come through, the stream asks again and again', async () => {
  const world = new World()
  world.events = false
  await started(world)
  for (let turn = 0; turn < 4; turn++) await world.tick()
  expect(world.states.at(-1)).toBe('polling')
  world.log.push(change(8))
  await world.tick()
  expect(world.seen).toEqual([8])
})

test('a stopped stream delivers nothing more', async () => {
  const world = new World()
  const stream = new ChangeStream(world)
  stream.start()
  await world.settle()
  stream.stop()
  world.listener!.change(change(8))
  expect(world.seen).toEqual([])
})
