import { inject, type InjectionKey, onScopeDispose, provide, type Ref, ref, type ShallowRef, shallowRef } from 'vue'

import type { TilePyramid } from '@/api/types'

import type { Point, View } from './coordinates'
import { DeepZoom, type Place } from './deepZoom'
import { takePicture } from './picture'
import { attachPointer, type PointerListener } from './pointer'

/** What overlays, tools and pages may know and ask of the viewer. */
export interface ViewerHandle {
  view: ShallowRef<View | undefined>
  cursor_um: ShallowRef<Point | undefined>
  ready: Ref<boolean>
  failure: Ref<string>
  pyramid: ShallowRef<TilePyramid | undefined>
  attach: (element: HTMLElement) => void
  show: (pyramid: TilePyramid, place?: Place) => void
  goTo: (place: Place) => void
  fit: (corners?: readonly [Point, Point]) => void
  zoomBy: (factor: number) => void
  turn: (by_deg: number | undefined) => void // undefined: upright again
  pixels: () => { image: ImageData; ratio: number } | undefined
  picture: () => Promise<Blob>
  listen: (listener: PointerListener) => () => void
}

const VIEWER: InjectionKey<ViewerHandle> = Symbol('viewer')

/** Makes the viewer of a page and provides it to the components below; it ends with the page. */
export function createViewer(): ViewerHandle {
  const view = shallowRef<View>()
  const cursor_um = shallowRef<Point>()
  const ready = ref(false)
  const failure = ref('')
  const pyramid = shallowRef<TilePyramid>()
  const listeners = new Set<PointerListener>()
  let deepZoom: DeepZoom | undefined
  let detach: () => void = () => undefined
  let firstPlace: Place | undefined
  let host: HTMLElement | undefined

  function attach(element: HTMLElement): void {
    host = element.parentElement!.parentElement!
    deepZoom = new DeepZoom(element, {
      view: (now) => (view.value = now),
      ready: (now) => {
        ready.value = now
        if (now) failure.value = ''
      },
      failed: (message) => (failure.value = message),
    })
    detach = attachPointer(element, () => deepZoom?.view(), (pointer) => {
      cursor_um.value = pointer.kind === 'leave' ? undefined : pointer.at_um
      return [...listeners].map((listener) => listener(pointer)).some(Boolean)
    })
    if (pyramid.value) deepZoom.show(pyramid.value, firstPlace)
  }

  function show(next: TilePyramid, place?: Place): void {
    pyramid.value = next
    firstPlace = place
    failure.value = ''
    deepZoom?.show(next, place)
  }

  onScopeDispose(() => {
    detach()
    deepZoom?.destroy()
  })

  const handle: ViewerHandle = {
    view, cursor_um, ready, failure, pyramid, attach, show,
    goTo: (place) => deepZoom?.goTo(place),
    fit: (corners) => deepZoom?.fit(false, corners),
    zoomBy: (factor) => deepZoom?.zoomBy(factor),
    turn: (by_deg) => deepZoom?.turn(by_deg),
    pixels: () => deepZoom?.pixels(),
    picture: () => takePicture(host!, view.value!),
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  provide(VIEWER, handle)
  return handle
}

/** The viewer of the page around this component. */
export function useViewer(): ViewerHandle {
  const handle = inject(VIEWER)
  if (!handle) throw new Error('useViewer() works only below a component that called createViewer()')
  return handle
}
