import { ACTIONS, TOOLS, type Tools } from '@/features/annotation'
import { useTone } from '@/features/layers'
import { download } from '@/shared/download'
import { sectionNumber } from '@/shared/format'
import type { Keyed } from '@/shared/keyTable'
import type { ViewerHandle } from '@/viewer'

import type { SectionActions } from './useSectionActions'
import type { SectionLayers } from './useSectionLayers'

/** Something that a key, the palette or both can do. */
export interface Command extends Keyed {
  group: string // heading in the key sheet
  run: (event?: KeyboardEvent) => unknown // false lets the key pass
  release?: () => void // it lasts while its key is held
}

const TONE_STEP = 0.125 // of an octave
const TURN_DEG = 15

async function savePicture(viewer: ViewerHandle): Promise<void> {
  const { brain = 'section', section = 0 } = viewer.pyramid.value ?? {}
  const address = URL.createObjectURL(await viewer.picture())
  download(address, `${brain}_${sectionNumber(section)}.png`)
  URL.revokeObjectURL(address)
}

const drawing = (tools: Tools, layers: SectionLayers): Command[] => [
  ...TOOLS.map(({ name, key, title, group }) => ({ id: `tool.${name}`, title, keys: [key], group, run: () => layers.leave() && tools.choose(name) })),
  ...ACTIONS.map(({ name, key, title, group }) => ({ id: name, title, keys: key ? [key] : [], group, run: () => layers.leave() && tools.act(name) })),
]

const editing = (actions: SectionActions, layers: SectionLayers): Omit<Command, 'group'>[] => [
  { id: 'undo', title: 'Undo', keys: ['Mod+z'], run: layers.undo },
  { id: 'redo', title: 'Redo', keys: ['Mod+Shift+z', 'Mod+y'], run: layers.redo },
  { id: 'propose', title: 'Propose an outline between annotated sections', keys: ['o'], run: actions.proposal.propose },
  { id: 'check', title: 'Check borders: overlaps, gaps, crossings', keys: ['y'], run: actions.borders.run },
  { id: 'tissue.brush', title: 'Correct the tissue classes with the brush', keys: ['Shift+b'], run: layers.startBrush },
  { id: 'by-hand', title: 'Set the transform to the neighbour by hand', keys: ['Shift+k'], run: layers.startByHand },
]

function looking(viewer: ViewerHandle, actions: SectionActions, layers: SectionLayers): Omit<Command, 'group'>[] {
  const tone = useTone()
  return [
    { id: 'previous', title: 'Section before', keys: [',', 'ArrowLeft'], run: () => actions.step(-1) },
    { id: 'next', title: 'Section after', keys: ['.', 'ArrowRight'], run: () => actions.step(1) },
    { id: 'fit', title: 'Show the whole section', keys: ['0'], run: () => viewer.fit() },
    { id: 'closer', title: 'Closer', keys: ['=', '+'], run: () => viewer.zoomBy(1.5) },
    { id: 'farther', title: 'Farther', keys: ['-'], run: () => viewer.zoomBy(1 / 1.5) },
    { id: 'turn.left', title: 'Turn the view by 15° to the left', keys: ['<'], run: () => viewer.turn(-TURN_DEG) },
    { id: 'turn.right', title: 'Turn the view by 15° to the right', keys: ['>'], run: () => viewer.turn(TURN_DEG) },
    { id: 'turn.upright', title: 'Turn the view upright', keys: ['^'], run: () => viewer.turn(undefined) },
    { id: 'screenshot', title: 'Save what is seen as a picture', keys: ['Shift+c'], run: () => savePicture(viewer) },
    { id: 'neighbour', title: 'Neighbour over the section: next, before, off', keys: ['n'], run: layers.nextSide },
    { id: 'tissue', title: 'Tissue classes', keys: ['g'], run: () => void (layers.tissue.shown = !layers.tissue.shown) },
    { id: 'contrast.less', title: 'Less contrast', keys: ['8'], run: () => tone.nudge('contrast', -TONE_STEP) },
    { id: 'contrast.more', title: 'More contrast', keys: ['9'], run: () => tone.nudge('contrast', TONE_STEP) },
    { id: 'gamma.less', title: 'Less gamma (darker)', keys: ['6'], run: () => tone.nudge('gamma', -TONE_STEP) },
    { id: 'gamma.more', title: 'More gamma (brighter)', keys: ['7'], run: () => tone.nudge('gamma', TONE_STEP) },
    { id: 'invert', title: 'Invert dark and bright', keys: ['i'], run: tone.invert },
    { id: 'plain', title: 'Show the image as it is', keys: [], run: tone.reset },
  ]
}

const LANDMARKS = [['annotated', 'Shift+'], ['unreviewed', 'Mod+'], ['doubtful', 'Mod+Shift+']] as const

const stepping = (actions: SectionActions): Omit<Command, 'group'>[] =>
  LANDMARKS.flatMap(([landmark, held]) => [
    { id: `${landmark}.before`, title: `${landmark} section before`, keys: [`${held}ArrowLeft`], run: () => actions.stepTo(landmark, -1) },
    { id: `${landmark}.after`, title: `${landmark} section after`, keys: [`${held}ArrowRight`], run: () => actions.stepTo(landmark, 1) },
  ]).map((command) => ({ ...command, title: command.title[0]!.toUpperCase() + command.title.slice(1) }))

const reviewing = (actions: SectionActions): Omit<Command, 'group'>[] => [
  { id: 'accept', title: 'Accept the prediction', keys: ['a'], run: actions.accept },
  { id: 'reject', title: 'Reject the prediction', keys: ['r'], run: actions.askReason },
  { id: 'correct', title: 'Correct the prediction', keys: ['c'], run: actions.correct },
  { id: 'unreviewed', title: 'Next unreviewed section', keys: ['u'], run: actions.nextUnreviewed },
  { id: 'stretch', title: 'Next doubtful stretch of the border', keys: ['j'], run: actions.nextStretch },
  { id: 'difference', title: 'Difference of prediction and annotation', keys: ['d'], run: actions.toggleDifference },
  { id: 'outlined', title: 'Prediction as outline only, or filled', keys: ['Shift+o'], run: actions.toggleOutlined },
  { id: 'inside', title: 'Look inside the model', keys: ['Shift+l'], run: actions.lookInside },
  { id: 'review', title: 'Open the review queue', keys: [], run: actions.openReview },
  { id: 'train', title: 'New training task', keys: ['Shift+t'], run: actions.openWizard },
]

/** Everything that can be done on the section page by key or by name, but for what the page holds itself. */
export function sectionCommands(viewer: ViewerHandle, tools: Tools, actions: SectionActions, layers: SectionLayers): Command[] {
  const under = (group: string) => (command: Omit<Command, 'group'>): Command => ({ ...command, group })
  return [
    ...drawing(tools, layers),
    ...editing(actions, layers).map(under('Edit')),
    ...looking(viewer, actions, layers).map(under('Look')),
    ...stepping(actions).map(under('Go to')),
    ...reviewing(actions).map(under('Review')),
  ]
}
