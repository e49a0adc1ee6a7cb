import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { correctPrediction, listPredictions, reviewPrediction } from '@/api/calls'
import type { Prediction, SavedAnnotation } from '@/api/types'

const FILL_OPACITY = 0.35

/** The predictions of the section on screen, how they are shown, and the person's verdicts on them. */
export const usePredictions = defineStore('predictions', () => {
  const project = ref('')
  const section = ref<number>()
  const predictions = shallowRef<readonly Prediction[]>([])
  const opacity = ref(FILL_OPACITY)
  const doubtOpacity = ref(0)
  const error = shallowRef<unknown>()
  const busy = ref(false)

  /** What is still to be judged comes first. */
  const toReview = computed(() => predictions.value.filter((prediction) => !prediction.review))

  async function open(inProject: string, number: number): Promise<void> {
    if (inProject !== project.value || number !== section.value) predictions.value = []
    project.value = inProject
    section.value = number
    await refresh()
  }

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

  async function judge(prediction: Prediction, verdict: 'accepted' | 'rejected', reason = ''): Promise<boolean> {
    const judged = await act(() => reviewPrediction(project.value, prediction.id, verdict, reason))
    if (judged) predictions.value = predictions.value.map((one) => (one.id === judged.id ? judged : one))
    return !!judged
  }

  async function correct(prediction: Prediction): Promise<SavedAnnotation | undefined> {
    const saved = await act(() => correctPrediction(project.value, prediction.id))
    if (saved) await refresh()
    return saved
  }

  return { project, section, predictions, toReview, opacity, doubtOpacity, error, busy, open, refresh, judge, correct }
})
