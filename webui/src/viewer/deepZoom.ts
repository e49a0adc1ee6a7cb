/** One deep-zoom viewer in one element: shows sections, reports its view, goes where it is told. */
import OpenSeadragon from 'openseadragon'

import type { TilePyramid } from '@/api/types'

import { type Placed, type Point, umPerPxToZoom, umToViewport, type View, VIEWPORT_UNIT_UM, viewportToUm, zoomToUmPerPx } from './coordinates'
import { tileSource } from './tileSource'

const FINEST_CSS_PX_PER_PIXEL = 8
const MARGIN = 1.06 // a section fitted to the element keeps a little air
const ZOOM_PER_SCROLL = 1.25

export interface DeepZoomEvents {
  view: (view: View) => void
  ready: (ready: boolean) => void
  failed: (message: string) => void
}

export type Place = Placed

export class DeepZoom {
  private readonly osd: OpenSeadragon.Viewer
  private shown: OpenSeadragon.TiledImage | undefined
  private wanted: TilePyramid | undefined

  constructor(
    private readonly element: HTMLElement,
    private readonly events: DeepZoomEvents,
  ) {
    const gestures = { clickToZoom: false, dblClickToZoom: false, flickEnabled: true, scrollToZoom: true }
    this.osd = OpenSeadragon({
      element,
      drawer: 'canvas',
      showNavigationControl: false,
      animationTime: 0.25,
      springStiffness: 9,
      zoomPerScroll: ZOOM_PER_SCROLL,
      visibilityRatio: 0.15,
      minZoomImageRatio: 0.4,
      maxZoomPixelRatio: FINEST_CSS_PX_PER_PIXEL,
      preserveImageSizeOnResize: true,
      blendTime: 0,
      smoothTileEdgesMinZoom: Infinity, // the smoothing leaves the last pixels of the canvas empty
      maxImageCacheCount: 600,
      imageLoaderLimit: 8,
      maxTilesPerFrame: 8, // one, the default, keeps a slow screen waiting for as many frames as there are tiles
      timeout: 60_000,
      gestureSettingsMouse: gestures,
      gestureSettingsTouch: { ...gestures, pinchToZoom: true },
      gestureSettingsPen: gestures,
    })
    // Keys belong to the page.
    this.osd.addHandler('canvas-key', (event) => (event.preventDefaultAction = true))
    this.osd.addHandler('update-viewport', () => this.report())
    this.osd.addHandler('resize', () => this.report())
    this.osd.addHandler('rotate', () => this.report())
    this.osd.addHandler('tile-load-failed', (event) => events.failed(`A tile could not be read: ${event.message}`))
  }

  /** Shows a section: the place on screen stays unless `place` says otherwise; the first section is fitted. */
  show(pyramid: TilePyramid, place?: Place): void {
    const first = this.wanted === undefined
    this.wanted = pyramid
    this.events.ready(false)
    const options = {
      tileSource: tileSource(pyramid),
      x: 0,
      y: 0,
      width: (pyramid.levels[0]!.width_px * pyramid.pixel_size_um) / VIEWPORT_UNIT_UM,
      success: (event: Event) => {
        if (this.wanted !== pyramid) return
        this.replaceBy((event as unknown as { item: OpenSeadragon.TiledImage }).item)
        if (place) this.goTo(place, true)
        else if (first) this.fit(true)
      },
      error: () => this.events.failed(`Section ${pyramid.section} could not be opened.`),
    }
    this.osd.addTiledImage(options)
  }

  /** The section before stays below until the new one is drawn, so that stepping does not flash. */
  private replaceBy(item: OpenSeadragon.TiledImage): void {
    this.shown = item
    const settle = (loaded: boolean) => {
      if (this.shown !== item) return
      if (loaded) this.dropOthers(item)
      this.events.ready(loaded)
    }
    item.addHandler('fully-loaded-change', (event) => settle(event.fullyLoaded))
    settle(item.getFullyLoaded())
  }

  private dropOthers(kept: OpenSeadragon.TiledImage): void {
    const world = this.osd.world
    for (let index = world.getItemCount() - 1; index >= 0; index--) {
      const item = world.getItemAt(index)
      if (item !== kept) world.removeItem(item)
    }
  }

  /** The view being drawn now, in the middle of an animation too. */
  view(): View | undefined {
    const width_px = this.element.clientWidth
    if (!this.shown || width_px === 0) return undefined
    const centre = this.osd.viewport.getCenter(true)
    return {
      centre_um: viewportToUm([centre.x, centre.y]),
      um_per_px: zoomToUmPerPx(this.osd.viewport.getZoom(true), width_px),
      width_px,
      height_px: this.element.clientHeight,
      turn_rad: (this.osd.viewport.getRotation(true) * Math.PI) / 180,
    }
  }

  private report(): void {
    const view = this.view()
    if (view) this.events.view(view)
  }

  goTo(place: Place, immediately = false): void {
    const [x, y] = umToViewport(place.centre_um)
    const viewport = this.osd.viewport
    if (place.turn_rad !== undefined) viewport.setRotation((place.turn_rad * 180) / Math.PI, immediately)
    viewport.zoomTo(umPerPxToZoom(place.um_per_px, this.element.clientWidth), undefined, immediately)
    viewport.panTo(new OpenSeadragon.Point(x, y), immediately)
    this.report()
  }

  /** Fits the whole section, or the rectangle between two corners. */
  fit(immediately = false, corners?: readonly [Point, Point]): void {
    const [[left, top], [right, bottom]] = (corners ?? this.corners_um()).map(umToViewport) as [Point, Point]
    const [width, height] = [(right - left) * MARGIN, (bottom - top) * MARGIN]
    const rect = new OpenSeadragon.Rect((left + right - width) / 2, (top + bottom - height) / 2, width, height)
    this.osd.viewport.fitBounds(rect, immediately)
    this.report()
  }

  private corners_um(): [Point, Point] {
    const { levels, pixel_size_um } = this.wanted!
    return [[0, 0], [levels[0]!.width_px * pixel_size_um, levels[0]!.height_px * pixel_size_um]]
  }

  zoomBy(factor: number): void {
    this.osd.viewport.zoomBy(factor)
    this.osd.viewport.applyConstraints()
  }

  /** Turns the section on screen clockwise by so many degrees, or back upright. */
  turn(by_deg: number | undefined): void {
    this.osd.viewport.setRotation(by_deg === undefined ? 0 : this.osd.viewport.getRotation() + by_deg)
  }

  /** The section's pixels as they are on screen, without the overlays, and how many of them one CSS pixel has. */
  pixels(): { image: ImageData; ratio: number } | undefined {
    const canvas = this.element.querySelector('canvas')
    const image = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height)
    return image && { image, ratio: canvas!.width / this.element.clientWidth }
  }

  destroy(): void {
    this.osd.destroy()
  }
}
