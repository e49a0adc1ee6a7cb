/** A look inside a model, in words and places. */
import type { FeatureSheet, Inspection, InspectionView, RasterGrid } from '@/api/types'
import { percent } from '@/shared/format'
import { reportEnded, reportWords } from '@/shared/report'

type Input = Inspection['inputs'][number]
type Occlusion = Inspection['occlusions'][number]

export const INPUT_TITLES = { high: 'High resolution', low: 'Low resolution' } as const

/** A square of the section in µm: left, top, side. */
export interface Square {
  x_um: number
  y_um: number
  side_um: number
}

export const squareOf = ({ origin_um, width_px, pixel_size_um }: RasterGrid): Square =>
  ({ x_um: origin_um[0], y_um: origin_um[1], side_um: width_px * pixel_size_um })

/** Where one square lies within another, in percent of the other's side, as a style. */
export function within(inner: Square, outer: Square): Record<'left' | 'top' | 'width' | 'height', string> {
  const share = (length_um: number) => `${((100 * length_um) / outer.side_um).toFixed(2)}%`
  const side = share(inner.side_um)
  return { left: share(inner.x_um - outer.x_um), top: share(inner.y_um - outer.y_um), width: side, height: side }
}

/** "high: 7.1 mm at 2 µm". */
export function inputWords({ name, grid }: Input): string {
  return `${name}: ${(squareOf(grid).side_um / 1000).toFixed(1)} mm at ${Number(grid.pixel_size_um.toPrecision(3))} µm`
}

/** What the model was shown: "both resolutions", "only high". */
export function shownWords({ shown }: Occlusion, inputs: number): string {
  if (shown.length > 1) return 'both resolutions'
  return inputs > 1 ? `only ${shown[0]}` : 'as trained'
}

/** How much of the square it then gives to each area: "hOc1 42 %". */
export const shareWords = ({ shares }: Occlusion, areas: readonly string[]): string =>
  areas.map((area, index) => `${area} ${percent(shares[index] ?? 0)}`).join(', ')

/** Why there is nothing to hide, for a network with one input; empty for others. */
export function nothingToHide({ inputs }: Inspection): string {
  if (inputs.length > 1) return ''
  const only = inputs[0]!.name
  return `This network sees the ${only} resolution alone, so nothing can be hidden from it. Train an MS U-Net to see which resolution tells what.`
}

const LAYER_WORDS: readonly (readonly [RegExp, (match: RegExpMatchArray) => string])[] = [
  [/^(high|low)_encoder\.blocks\.(\d+)\./, ([, input, block]) => `${INPUT_TITLES[input as 'high' | 'low']}, block ${Number(block) + 1}`],
  [/^first_stage$/, () => 'Way back, first stage'],
  [/^decoder\.stages\.(\d+)$/, ([, stage]) => `Way back, stage ${Number(stage) + 1}`],
  [/classifier$/, () => 'Classes, before they are made probabilities'],
]

/** A layer's name for people; its technical name where there is none. */
export function layerTitle(layer: string): string {
  for (const [pattern, words] of LAYER_WORDS) {
    const match = layer.match(pattern)
    if (match) return words(match)
  }
  return layer
}

/** "32 maps of 128 x 128 px". */
export const sheetWords = ({ maps, width_px, height_px }: FeatureSheet): string => `${maps} maps of ${width_px} x ${height_px} px`

/** The layer to show first: the last before the classes, where areas begin to show. */
export const firstLayer = ({ features }: Inspection): string => (features.at(-2) ?? features.at(-1))?.layer ?? ''

/** Whether its results are still to come. */
export function isComing({ job: { report }, inspection }: InspectionView): boolean {
  if (inspection) return false
  return !reportEnded(report) || (report.state === 'succeeded' && report.result_state !== 'unavailable')
}

/** How a look stands while its results are to come, or why none come. */
export function stateWords(view: InspectionView): string {
  const { report } = view.job
  if (report.state !== 'succeeded') return reportWords(report)
  return isComing(view) ? 'bringing the pictures' : report.reason || 'its pictures are gone: look again'
}
