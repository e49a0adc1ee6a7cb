/** Which cards of a long grid are near enough to the screen to be drawn. */
export interface Window {
  first: number // index of the first card drawn
  after: number // index after the last one
  offset_px: number // from the top of the grid to the first row drawn
  height_px: number // of the whole grid
}

export interface Measures {
  count: number
  columns: number
  row_px: number
  top_px: number // of the grid below the top of the screen; negative when it is scrolled away
  screen_px: number
}

const ROWS_AROUND = 3 // drawn above and below the screen, so that Tab always has somewhere to go

export function gridWindow({ count, columns, row_px, top_px, screen_px }: Measures): Window {
  const rows = Math.ceil(count / columns)
  const within = (row: number) => Math.min(rows, Math.max(0, row))
  const firstRow = within(Math.floor(-top_px / row_px) - ROWS_AROUND)
  const afterRow = within(Math.ceil((screen_px - top_px) / row_px) + ROWS_AROUND)
  return { first: firstRow * columns, after: Math.min(count, afterRow * columns), offset_px: firstRow * row_px, height_px: rows * row_px }
}

/** How many cards of at least this width stand beside each other. */
export const columnsIn = (width_px: number, card_px: number, gap_px: number): number =>
  Math.max(1, Math.floor((width_px + gap_px) / (card_px + gap_px)))
