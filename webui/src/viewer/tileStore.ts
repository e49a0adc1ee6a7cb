/** Tiles of one section as pictures: what is wanted is fetched a few at a time, what is no longer wanted is not begun. */
import type { TilePyramid } from '@/api/types'

import type { Tile } from './tiles'
import { tileUrl } from './tileSource'

const AT_ONCE = 6
const KEPT = 320
const TRIES = 3

export class TileStore {
  private readonly pictures = new Map<string, ImageBitmap>()
  private readonly failures = new Map<string, number>()
  private readonly underway = new Set<string>()
  private queue: Tile[] = []
  private ended = false

  constructor(
    private readonly pyramid: TilePyramid,
    private readonly arrived: () => void,
    private readonly failed: (message: string) => void,
  ) {}

  private readonly url = ({ level, column, row }: Tile): string => tileUrl(this.pyramid, level, column, row)

  get(tile: Tile): ImageBitmap | undefined {
    return this.pictures.get(this.url(tile))
  }

  /** Replaces what is waited for; true when all of it is there already. */
  want(tiles: readonly Tile[]): boolean {
    this.queue = tiles.filter((tile) => {
      const url = this.url(tile)
      return !this.pictures.has(url) && !this.underway.has(url) && (this.failures.get(url) ?? 0) < TRIES
    })
    this.next()
    return tiles.every((tile) => this.pictures.has(this.url(tile)))
  }

  private next(): void {
    while (!this.ended && this.underway.size < AT_ONCE && this.queue.length) void this.load(this.url(this.queue.shift()!))
  }

  private async load(url: string): Promise<void> {
    this.underway.add(url)
    try {
      const answer = await fetch(url)
      if (!answer.ok) throw new Error(`the server answered with status ${answer.status}`)
      this.keep(url, await createImageBitmap(await answer.blob()))
    } catch (error) {
      this.failures.set(url, (this.failures.get(url) ?? 0) + 1)
      if (!this.ended) this.failed(`A tile of section ${this.pyramid.section} could not be read: ${(error as Error).message}.`)
    }
    this.underway.delete(url)
    if (!this.ended) this.arrived()
    this.next()
  }

  private keep(url: string, picture: ImageBitmap): void {
    if (this.ended) return picture.close()
    this.pictures.set(url, picture)
    for (const [oldest, old] of [...this.pictures].slice(0, Math.max(0, this.pictures.size - KEPT))) {
      this.pictures.delete(oldest)
      old.close()
    }
  }

  end(): void {
    this.ended = true
    this.queue = []
    for (const picture of this.pictures.values()) picture.close()
    this.pictures.clear()
  }
}
