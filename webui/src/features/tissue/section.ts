/** The tissue classes of one section: what the server has, what the person painted, and the way of one to the other. */
import { ref, shallowRef } from 'vue'

import { readTissue, saveTissueCorrection } from '@/api/calls'
import { ApiError } from '@/api/errors'
import type { TissueStroke, TissueView } from '@/api/types'

import { beyond, changesSince, remade, same, type Strokes } from './model/strokes'
import { ClassPicture, readClasses } from './picture'
import { type Place, shelve, unshelve } from './shelf'

const RETRY_AFTER_MS = 3000
const TOGETHER = 'Somebody else painted here too: their strokes were loaded and yours put on top.'

export type SaveState = 'saved' | 'saving' | 'offline' | 'refused'

export class SectionTissue {
  readonly view = shallowRef<TissueView>()
  readonly strokes = shallowRef<Strokes>([])
  readonly picture = shallowRef<ClassPicture>()
  /** Counts what changes inside the picture. */
  readonly paintings = ref(0)
  readonly state = ref<SaveState>('saved')
  readonly error = shallowRef<unknown>()
  readonly note = ref('')
  private raster: { labels: Uint8Array; strokes: Strokes } | undefined
  private draft: TissueStroke | undefined
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly place: Place) {}

  async load(): Promise<void> {
    this.error.value = undefined
    try {
      const view = await readTissue(this.place.brain, this.place.section)
      this.view.value = view
      this.strokes.value = remade(view.correction.strokes, unshelve(this.place))
      await this.loadRaster(view)
      void this.save()
    } catch (thrown) {
      this.error.value = thrown
    }
  }

  /** The picture changes in one go: the new raster with what was painted since. */
  private async loadRaster(view: TissueView): Promise<void> {
    const { brain, section } = this.place
    const labels = await readClasses(brain, section, view.version, view.grid)
    if (this.view.value !== view) return // a newer one is on its way
    this.raster = { labels, strokes: view.correction.strokes }
    this.repaint()
  }

  /** Makes the picture anew. Strokes taken away that are part of the raster go when the server's next one arrives. */
  private repaint(): void {
    if (!this.raster || !this.view.value) return
    const over = beyond(this.raster.strokes, this.strokes.value)
    if (!over) return
    const picture = new ClassPicture(this.raster.labels.slice(), this.view.value.grid)
    for (const stroke of this.draft ? [...over, this.draft] : over) picture.paint(stroke)
    this.picture.value = picture
  }

  /** Shows a stroke while it is made: `piece` is what was added to `draft`. */
  show(draft: TissueStroke, piece: TissueStroke): void {
    this.draft = draft
    this.picture.value?.paint(piece)
    this.paintings.value += 1
  }

  /** What the person wants from now on; `shown` where the picture has it already. */
  change(strokes: Strokes, shown = false): void {
    this.draft = undefined
    this.strokes.value = strokes
    this.note.value = ''
    this.keep()
    if (!shown) this.repaint()
    if (this.state.value !== 'saving') void this.save()
  }

  private keep(): void {
    if (this.view.value) shelve(this.place, changesSince(this.view.value.correction.strokes, this.strokes.value))
  }

  /** Sends until the server has what the person wants; one request at a time. */
  async save(): Promise<void> {
    clearTimeout(this.timer)
    while (this.view.value && !same(this.view.value.correction.strokes, this.strokes.value)) {
      this.state.value = 'saving'
      try {
        await this.send(this.view.value)
      } catch (thrown) {
        return this.fail(thrown)
      }
    }
    this.state.value = 'saved'
  }

  private async send(view: TissueView): Promise<void> {
    const { brain, section } = this.place
    try {
      this.view.value = await saveTissueCorrection(brain, section, view.correction.version, [...this.strokes.value])
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 409) throw thrown
      const mine = changesSince(view.correction.strokes, this.strokes.value)
      const theirs = await readTissue(brain, section)
      this.view.value = theirs
      this.strokes.value = remade(theirs.correction.strokes, mine)
      this.note.value = TOGETHER
    }
    this.error.value = undefined
    this.keep()
    this.loadRaster(this.view.value).catch((thrown: unknown) => (this.error.value = thrown))
  }

  private fail(thrown: unknown): void {
    const later = thrown instanceof ApiError && (thrown.transient || thrown.status === 401 || thrown.status >= 500)
    this.state.value = later ? 'offline' : 'refused'
    this.error.value = later ? undefined : thrown
    if (later) this.timer = setTimeout(() => void this.save(), RETRY_AFTER_MS)
  }
}
