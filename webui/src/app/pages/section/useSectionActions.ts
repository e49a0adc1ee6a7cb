import { computed, nextTick, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import { type Tools, useAnnotations, useBorderCheck, useProposal } from '@/features/annotation'
import { useInspection } from '@/features/inspection'
import { modelFor, useJobs } from '@/features/jobs'
import { boxOf, toJudge, usePredictions } from '@/features/prediction'
import { useProject } from '@/features/projects'
import { type Landmark, neighbour, nextWith, reviewQueue } from '@/features/sections'
import type { ViewerHandle } from '@/viewer'

import { usePartReview } from './usePartReview'
import { useVerdicts } from './useVerdicts'

const STRETCH_ON_SCREEN_PX = 320

/** What can be done on a section beside drawing: go to others, review, open the wizard. */
export function useSectionActions(project: () => string, number: () => number, tools: Tools, viewer: ViewerHandle) {
  const route = useRoute()
  const router = useRouter()
  const store = useProject()
  const annotations = useAnnotations()
  const predictions = usePredictions()
  const verdicts = useVerdicts()
  const [inspection, jobs] = [useInspection(), useJobs()]
  const rejecting = ref(false)
  const wizard = ref(false)
  const proposal = useProposal(() => store.sections, () => store.mayWrite)
  const borders = useBorderCheck(() => store.mayWrite)

  const reviewArea = computed(() => (typeof route.query.review === 'string' ? route.query.review : undefined))
  const queue = computed(() => reviewQueue(store.sections, reviewArea.value))
  /** The prediction that buttons and keys are about. */
  const prediction = computed(() => toJudge(predictions.predictions, reviewArea.value, annotations.area))
  /** The model behind it, else the newest of the area that is drawn. */
  const model = computed(() => modelFor(jobs.jobs, prediction.value?.area ?? annotations.area, prediction.value?.job))
  const numbers = computed(() => store.sections.map((state) => state.number))
  const mayReview = () => store.mayWrite && !predictions.busy

  async function go(to: number | undefined, review = reviewArea.value): Promise<void> {
    rejecting.value = false
    if (to === undefined) return
    const { view, hide, overlay } = route.query
    await router.push({ name: 'section', params: { project: project(), number: to }, query: { view, hide, overlay, review } })
  }

  let turns: Promise<unknown> = Promise.resolve()
  /** Keys of the review one after the other, each on the section that the one before it has led to: none is lost, however quick the hand. */
  const inTurn = <A extends unknown[]>(action: (...given: A) => Promise<unknown>) => (...given: A): Promise<unknown> =>
    (turns = turns.then(async () => {
      await nextTick() // the page knows of the section it was sent to
      await predictions.opened()
      await action(...given)
    }).catch(() => undefined))

  // The queue hears of a verdict a moment later than the hand goes on.
  const judgedHere = new Set<number>()
  watch(queue, (now) => judgedHere.forEach((one) => now.some((item) => item.number === one) || judgedHere.delete(one)))

  const nextUnreviewed = () => go(queue.value.find((one) => one.number !== number() && !judgedHere.has(one.number))?.number)

  /** The queue of the area that is drawn, or of the most doubtful prediction where that area has none. */
  function openReview(): Promise<void> {
    const first = reviewQueue(store.sections, annotations.area)[0] ?? queue.value[0]
    return go(first?.number ?? number(), first?.area ?? annotations.area)
  }

  async function accept(): Promise<void> {
    if (prediction.value && mayReview() && (await verdicts.judge(prediction.value, 'accepted'))) judgedHere.add(number())
  }

  async function reject(reason: string): Promise<void> {
    if (!prediction.value || !mayReview() || !(await verdicts.judge(prediction.value, 'rejected', reason))) return
    judgedHere.add(number())
    rejecting.value = false
  }

  async function correct(): Promise<void> {
    if (!prediction.value || !mayReview()) return
    const made = await verdicts.correct(prediction.value)
    if (!made) return
    tools.choose('select')
    annotations.select(made)
  }

  /** Moves to the next doubtful stretch of the predicted border, near enough to see cells where the view is farther away. */
  function nextStretch(): void {
    const stretch = prediction.value && predictions.nextStretch(prediction.value)
    if (!stretch) return
    const { centre_um, size_um } = boxOf(stretch)
    const now = viewer.view.value?.um_per_px ?? Infinity
    viewer.goTo({ centre_um, um_per_px: Math.min(now, Math.max(1, size_um / STRETCH_ON_SCREEN_PX)) })
  }

  function lookInside(): void {
    if (model.value) inspection.open(model.value)
  }

  const parts = usePartReview(project, { tools, verdicts, prediction, mayReview, reviewArea })

  return {
    ...parts, rejecting, wizard, proposal, borders, reviewArea, queue, prediction, model, numbers,
    go, nextStretch, lookInside, reject,
    accept: inTurn(accept),
    correct: inTurn(correct),
    nextUnreviewed: inTurn(nextUnreviewed),
    step: (steps: number) => void go(neighbour(numbers.value, number(), steps)),
    stepTo: (landmark: Landmark, way: 1 | -1) => void go(nextWith(landmark, store.sections, number(), way, reviewArea.value)),
    askReason: () => void (rejecting.value = !!prediction.value && store.mayWrite && !rejecting.value),
    openWizard: () => void (wizard.value = store.mayWrite),
    toggleDifference: () => void (predictions.difference = !predictions.difference),
    toggleOutlined: () => void (predictions.outlined = !predictions.outlined),
    openReview,
    closeReview: () => router.replace({ query: { ...route.query, review: undefined } }),
  }
}

export type SectionActions = ReturnType<typeof useSectionActions>
