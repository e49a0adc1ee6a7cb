/** Rasters of class numbers and confidences as pictures. */

/** The area's class number in label rasters, and the mark of pixels outside the region of interest (contract `CLASS_NAMES`). */
export const AREA_CLASS = 3
export const OUTSIDE = 255

export type Rgb = readonly [number, number, number]
export const DOUBT: Rgb = [255, 150, 40]
const ENTROPY: Rgb = [190, 90, 255]

/** "#aabbcc" as three numbers. */
export function rgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function paint(pixels: number, colour: Rgb, alpha: (index: number) => number): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(4 * pixels)
  for (let index = 0; index < pixels; index++) {
    const opacity = alpha(index)
    if (opacity) picture.set([...colour, opacity], 4 * index)
  }
  return picture
}

/** The area filled with its colour, everything else clear. `labels` holds one class number per pixel; result is RGBA. */
export const labelPicture = (labels: Uint8Array, _: Uint8Array, colour: Rgb) =>
  paint(labels.length, colour, (i) => (labels[i] === AREA_CLASS ? 255 : 0))

// The most probable of four classes has a quarter at least: there doubt is full.
const FULL_DOUBT = 0.75

/** Doubt (one minus the confidence of the label) inside the region of interest: the less certain, the more opaque. */
export const doubtPicture = (labels: Uint8Array, confidence: Uint8Array) =>
  paint(labels.length, DOUBT, (i) => (labels[i] === OUTSIDE ? 0 : Math.min(255, (255 - confidence[i]!) / FULL_DOUBT)))

/** The probability of the area in its colour: the more probable, the more opaque. */
export const probabilityPicture = (labels: Uint8Array, probability: Uint8Array, colour: Rgb) =>
  paint(labels.length, colour, (i) => (labels[i] === OUTSIDE ? 0 : probability[i]!))

/** The entropy over the classes, opaque where the model is torn evenly between all of them. */
export const entropyPicture = (labels: Uint8Array, entropy: Uint8Array) =>
  paint(labels.length, ENTROPY, (i) => (labels[i] === OUTSIDE ? 0 : entropy[i]!))
