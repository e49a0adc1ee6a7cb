/** Outlines that stay as they are, drawn once beyond the edges of the screen: moving the section only moves this picture. */
import { beginDrawing, umToScreen, type View } from '@/viewer'

import type { Drawn } from './regionLayer'

const MARGIN_PX = 256

const looksSame = (one: Drawn, other: Drawn | undefined): boolean =>
  one === other || (one.paths === other?.paths && one.colour === other.colour && one.shape === other.shape && one.dashed === other.dashed)
const sameSize = (one: View, other: View | undefined): boolean =>
  one.um_per_px === other?.um_per_px && one.turn_rad === other.turn_rad && one.width_px === other.width_px && one.height_px === other.height_px

export class RegionSheet {
  private readonly canvas = document.createElement('canvas')
  private made: { view: View; drawn: readonly Drawn[] } | undefined
  private before: View | undefined

  constructor(private readonly drawOne: (context: CanvasRenderingContext2D, view: View, region: Drawn) => void) {}

  /** Draws the outlines for this view: while its scale changes one by one, from then on as a picture, right to half a pixel. */
  draw(context: CanvasRenderingContext2D, view: View, drawn: readonly Drawn[]): void {
    const zooming = !sameSize(view, this.before)
    this.before = view
    if (!this.serves(view, drawn)) {
      if (zooming) return drawn.forEach((region) => this.drawOne(context, view, region))
      this.make(view, drawn)
    }
    const ratio = window.devicePixelRatio || 1
    const [x, y] = this.offset_px(view)
    context.save()
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(this.canvas, Math.round(x * ratio), Math.round(y * ratio))
    context.restore()
  }

  private serves(view: View, drawn: readonly Drawn[]): boolean {
    if (!this.made || !sameSize(view, this.made.view) || drawn.length !== this.made.drawn.length) return false
    if (!this.offset_px(view).every((offset) => Math.abs(offset + MARGIN_PX) <= MARGIN_PX)) return false
    return drawn.every((region, index) => looksSame(region, this.made!.drawn[index]))
  }

  private make(view: View, drawn: readonly Drawn[]): void {
    this.made = { view, drawn }
    const wide = { ...view, width_px: view.width_px + 2 * MARGIN_PX, height_px: view.height_px + 2 * MARGIN_PX }
    const context = beginDrawing(this.canvas, wide)
    for (const region of drawn) this.drawOne(context, wide, region)
  }

  /** Where the picture's upper left corner is on screen. */
  private offset_px(view: View): [number, number] {
    const { centre_um, width_px, height_px } = this.made!.view
    const [x, y] = umToScreen(view, centre_um)
    return [x - width_px / 2 - MARGIN_PX, y - height_px / 2 - MARGIN_PX]
  }
}
