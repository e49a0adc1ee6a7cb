/** How gray values of the image become gray values on screen, and how two sections are told apart by colour. */

export interface Tone {
  contrast: number // slope about mid-gray; 1 leaves it
  brightness: number // share of the range added; 0 leaves it
  gamma: number // above 1 lifts the dark; 1 leaves it
  inverted: boolean
}

export const PLAIN: Tone = { contrast: 1, brightness: 0, gamma: 1, inverted: false }
export const RANGES = {
  contrast: [0.25, 8],
  brightness: [-0.5, 0.5],
  gamma: [0.25, 4],
} as const
export type ToneKnob = keyof typeof RANGES

export const isPlain = (tone: Tone): boolean =>
  tone.contrast === 1 && tone.brightness === 0 && tone.gamma === 1 && !tone.inverted

/** Contrast and gamma are factors: a slider moves their logarithm, so that twice and half are equally far from 1. */
const LOGARITHMIC: Record<ToneKnob, boolean> = { contrast: true, brightness: false, gamma: true }
const round = (value: number): number => Number(value.toFixed(3))

export const toSlider = (knob: ToneKnob, value: number): number => (LOGARITHMIC[knob] ? Math.log2(value) : value)
export const fromSlider = (knob: ToneKnob, slider: number): number => round(LOGARITHMIC[knob] ? 2 ** slider : slider)

/** The tone with one knob moved by a step of its slider, within its range. */
export function nudged(tone: Tone, knob: ToneKnob, step: number): Tone {
  const [least, most] = RANGES[knob]
  return { ...tone, [knob]: Math.min(most, Math.max(least, fromSlider(knob, toSlider(knob, tone[knob]) + step))) }
}

/** Gray on screen (0 to 1) for a gray of the image (0 to 1). */
export function shade({ contrast, brightness, gamma, inverted }: Tone, gray: number): number {
  const stretched = Math.min(1, Math.max(0, (gray - 0.5) * contrast + 0.5 + brightness))
  const lit = stretched ** (1 / gamma)
  return inverted ? 1 - lit : lit
}

export type Tint = 'none' | 'red' | 'blue'
export interface Tables {
  red: string
  green: string
  blue: string
}

const GRAYS = 256

/**
 * Tables for the three channels, one entry per gray value. A tint fills its own channel: laid over one another by taking the
 * darker value of each channel, a red and a blue section are gray where they agree, and what only one has bears its colour.
 * `strength` fades from no tint (0) to a full one (1).
 */
export function tables(tone: Tone, tint: Tint, strength: number): Tables {
  const line = (filled: number) =>
    Array.from({ length: GRAYS }, (_, gray) => {
      const value = shade(tone, gray / (GRAYS - 1))
      return (value + (1 - value) * filled).toFixed(4)
    }).join(' ')
  const gray = line(0)
  return { red: tint === 'red' ? line(strength) : gray, green: gray, blue: tint === 'blue' ? line(strength) : gray }
}

const key = (owner: string): string => `brodmann.tone.${owner}`

/** What this person last chose for this brain; anything that cannot be read is the plain tone. */
export function recall(storage: Pick<Storage, 'getItem'>, owner: string): Tone {
  try {
    const found = JSON.parse(storage.getItem(key(owner)) ?? '{}') as Partial<Tone>
    const knob = (name: ToneKnob) => {
      const [least, most] = RANGES[name]
      const value = found[name]
      return typeof value === 'number' && value >= least && value <= most ? value : PLAIN[name]
    }
    return { contrast: knob('contrast'), brightness: knob('brightness'), gamma: knob('gamma'), inverted: found.inverted === true }
  } catch {
    return PLAIN
  }
}

export function keep(storage: Pick<Storage, 'setItem' | 'removeItem'>, owner: string, tone: Tone): void {
  if (isPlain(tone)) storage.removeItem(key(owner))
  else storage.setItem(key(owner), JSON.stringify(tone))
}
