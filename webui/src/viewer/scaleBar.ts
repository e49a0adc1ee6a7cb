const WANTED_WIDTH_PX = 110
const STEPS = [1, 2, 5]

export interface ScaleBar {
  text: string
  width_px: number
}

/** The longest round length (1, 2 or 5 times a power of ten) that is at most about 110 px wide. */
export function scaleBar(um_per_px: number): ScaleBar {
  const limit_um = WANTED_WIDTH_PX * um_per_px
  const power = 10 ** Math.floor(Math.log10(limit_um))
  const length_um = power * STEPS.filter((step) => step * power <= limit_um).at(-1)!
  const text = length_um >= 1000 ? `${length_um / 1000} mm` : `${Number(length_um.toPrecision(1))} µm`
  return { text, width_px: length_um / um_per_px }
}
