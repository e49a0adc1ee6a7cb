import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'

import { correctPrediction, listPredictions, reviewPrediction } from '@/api/calls'
import type { BorderStretch, Prediction, SavedAnnotation } from '@/api/types'

import { doubtfulStretches } from './model/border'
import type { Shares } from './model/difference'
import { firstOpacities } from './model/layers'

/** The predictions of the section on screen, how they are shown, and the person's verdicts on them. */
export const usePredictions = defineStore('predictions', () => {
  const project = ref('')
  const section = ref<number>()
  const predictions = shallowRef<readonly Prediction[]>([])
  const opacities = reactive(firstOpacities())
  const looked = shallowRef({ prediction: '', at: -1 }) // the doubtful stretch of border looked at last
  const outlined = ref(false) // predictions as outlines, without their filling
  const difference = ref(false) // predictions against annotations
  const shares = shallowRef<ReadonlyMap<string, Shares>>(new Map()) // of predictions with an annotation to compare with
  const error = shallowRef<unknown>()
  const busy = ref(false)

  let opening: Promise<unknown> = Promise.resolve()

  /** What is still to be judged comes first. */
  const toReview = computed(() => predictions.value.filter((prediction) => !prediction.review))

  async function open(inProject: string, number: number): Promise<void> {
    if (inProject !== project.value || number !== section.value) predictions.value = []
    project.value = inProject
    section.value = number
    opening = refresh()
    await opening
  }

  /** Until the section's predictions were read, or could not be. */
  const opened = (): Promise<unknown> => opening.catch(() => undefined)

  async function refresh(): Promise<void> {
    const [inProject, number] = [project.value, section.value!]
    const found = await listPredictions(inProject, number)
    if (inProject === project.value && number === section.value) predictions.value = found.predictions
  }

  /** One verdict at a time; what goes wrong is told beside the buttons. */
  async function act<T>(action: () => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    error.value = undefined
    try {
      return await action()
    } catch (thrown) {
      error.value = thrown
      return undefined
    } finally {
      busy.value = false
    }
  }

  async function judge(prediction: Prediction, verdict: 'accepted' | 'rejected' | 'withdrawn', reason = ''): Promise<boolean> {
    const judged = await act(() => reviewPrediction(project.value, prediction.id, verdict, reason))
    if (judged) predictions.value = predictions.value.map((one) => (one.id === judged.id ? judged : one))
    return !!judged
  }

  async function correct(prediction: Prediction): Promise<SavedAnnotation | undefined> {
    const saved = await act(() => correctPrediction(project.value, prediction.id))
    if (saved) await refresh()
    return saved
  }

  /** Accepted predictions of an area become annotations, section by section; how many did. What could not be is told as the last error. */
  async function annotate(inProject: string, area: string, sections: readonly number[]): Promise<number> {
    let done = 0
    for (const number of sections) {
      const made = await act(async () => {
        const { predictions: there } = await listPredictions(inProject, number)
        const accepted = there.find((one) => one.area === area && one.review?.verdict === 'accepted')
        return accepted && correctPrediction(inProject, accepted.id)
      })
      if (made) done += 1
    }
    await refresh()
    return done
  }

  /** The doubtful stretches of a prediction's border in turn, the worst first. */
  function nextStretch({ id, border }: Prediction): BorderStretch | undefined {
    const stretches = doubtfulStretches(border ?? [])
    const at = looked.value.prediction === id ? (looked.value.at + 1) % Math.max(1, stretches.length) : 0
    looked.value = { prediction: id, at }
    return stretches[at]
  }

  return { project, section, predictions, toReview, opacities, outlined, difference, shares, error, busy, open, opened, refresh, judge, correct, annotate, nextStretch }
})
