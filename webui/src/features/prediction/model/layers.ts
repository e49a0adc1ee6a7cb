/** The layers of a prediction, each with a slider. */
export type RasterKind = 'label' | 'confidence' | 'probability' | 'entropy'
export type LayerKind = RasterKind | 'border'

export const LAYERS: readonly { kind: LayerKind; name: string; title: string; hint: string; first: number }[] = [
  { kind: 'label', name: 'prediction', title: 'Prediction', hint: 'The predicted area, filled and outlined', first: 0.35 },
  { kind: 'border', name: 'border', title: 'Border', hint: 'The most doubtful stretches of the predicted border (J goes to the next)', first: 0.6 },
  { kind: 'confidence', name: 'doubt', title: 'Doubt', hint: 'Where the model is unsure of the class it gave', first: 0 },
  { kind: 'probability', name: 'probability', title: 'Probability', hint: 'How probable the area is at each place, whatever class was given', first: 0 },
  { kind: 'entropy', name: 'entropy', title: 'Entropy', hint: 'How evenly the model is torn between all classes', first: 0 },
]

export type Opacities = Record<LayerKind, number>

export const firstOpacities = (): Opacities => Object.fromEntries(LAYERS.map(({ kind, first }) => [kind, first])) as Opacities
