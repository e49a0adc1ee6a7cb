import { computed, onMounted, onScopeDispose, ref, type ShallowRef } from 'vue'

import { columnsIn, gridWindow } from './model/grid'

export interface CardSize {
  width_px: number
  height_px: number
  gap_px: number
}

/** Draws of a long grid what is near the screen; the page scrolls, the grid keeps its full height. */
export function useGridWindow(grid: Readonly<ShallowRef<HTMLElement | null>>, count: () => number, card: CardSize) {
  const width_px = ref(0)
  const top_px = ref(0)
  const screen_px = ref(window.innerHeight)
  const row_px = card.height_px + card.gap_px
  const columns = computed(() => columnsIn(width_px.value, card.width_px, card.gap_px))
  const drawn = computed(() =>
    gridWindow({ count: count(), columns: columns.value, row_px, top_px: top_px.value, screen_px: screen_px.value }),
  )

  function measure(): void {
    const box = grid.value?.getBoundingClientRect()
    if (!box) return
    width_px.value = box.width
    top_px.value = box.top
    screen_px.value = window.innerHeight
  }

  /** Scrolls so that a card is in the middle of the screen. */
  function reveal(index: number): void {
    measure()
    const middle_px = Math.floor(index / columns.value) * row_px + row_px / 2
    window.scrollBy({ top: top_px.value + middle_px - screen_px.value / 2 })
    measure()
  }

  const observer = new ResizeObserver(measure) // whatever above it moves the grid resizes the page too
  const listening = { passive: true, capture: true } as const
  onMounted(() => {
    observer.observe(document.body)
    if (grid.value) observer.observe(grid.value)
    window.addEventListener('scroll', measure, listening)
    window.addEventListener('resize', measure)
    measure()
  })
  onScopeDispose(() => {
    observer.disconnect()
    window.removeEventListener('scroll', measure, listening)
    window.removeEventListener('resize', measure)
  })
  return { columns, drawn, reveal }
}
