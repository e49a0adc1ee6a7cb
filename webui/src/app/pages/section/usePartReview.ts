import { computed, type ComputedRef, ref } from 'vue'

import { readPredictionOutline } from '@/api/calls'
import { describeError } from '@/api/errors'
import type { Path, Prediction } from '@/api/types'
import { partJudged, type Tools, useAnnotations } from '@/features/annotation'
import { usePredictions } from '@/features/prediction'
import { useProject } from '@/features/projects'
import { acceptedSections } from '@/features/sections'
import { count } from '@/shared/format'

import type { useVerdicts } from './useVerdicts'

interface Review {
  tools: Tools
  verdicts: ReturnType<typeof useVerdicts>
  prediction: ComputedRef<Prediction | undefined>
  mayReview: () => boolean
  reviewArea: ComputedRef<string | undefined>
}

/** Verdicts on less and on more than one prediction: on what lies inside a line, and on all that were accepted. */
export function usePartReview(project: () => string, review: Review) {
  const store = useProject()
  const annotations = useAnnotations()
  const predictions = usePredictions()

  /** What the prediction has inside a ring becomes, or is no longer, part of its annotation. */
  async function judgePart(ring: Path, accept: boolean): Promise<void> {
    const judged = review.prediction.value
    if (!judged || !review.mayReview()) return review.tools.say('There is no prediction here that you could judge.')
    const { paths: predicted } = await readPredictionOutline(project(), judged.id)
    const made = annotations.regions.find(({ annotation }) => annotation?.source.kind === 'prediction' && annotation.source.prediction === judged.id)
    const after = await partJudged(made?.paths, predicted, ring, accept)
    if (review.prediction.value?.id !== judged.id) return // another section is shown by now
    if (!made && !after.length) return review.tools.say('Nothing of the prediction lies inside.')
    const uid = made?.uid ?? (await review.verdicts.correct(judged))
    if (!uid) return
    annotations.reshape(uid, after)
    review.tools.say(accept ? 'Accepted inside; drag around more, or press Escape.' : 'Rejected inside; drag around more, or press Escape.')
  }
  review.tools.judgePart.value = (ring, accept) => judgePart(ring, accept).catch((error: unknown) => review.tools.say(describeError(error).message))

  /** Sections whose accepted prediction of the area under review is no annotation yet. */
  const accepted = computed(() => acceptedSections(store.sections, review.reviewArea.value))
  const annotatedWords = ref('')
  async function annotateAccepted(): Promise<void> {
    const [area, sections] = [review.reviewArea.value!, accepted.value]
    const done = await predictions.annotate(project(), area, sections)
    annotatedWords.value = `${count(done, 'accepted section')} annotated.${done < sections.length ? ' The others could not be; see the message.' : ' Correct or delete any on its section.'}`
  }

  return { accepted, annotatedWords, annotateAccepted, startPart: () => review.tools.choose('part') }
}
