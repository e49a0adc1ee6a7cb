import type { Prediction, Verdict } from '@/api/types'
import { type Edit, madeBy, useAnnotations, useAutosave } from '@/features/annotation'
import { usePredictions } from '@/features/prediction'
import { useUndo, type Way } from '@/features/undo'

interface Judged {
  verdict: Verdict
  reason: string
}

/** A verdict as a deed; a correction also made a region. */
interface Deed {
  prediction: string
  before: Judged | null
  after: Judged
  made: Edit[]
}

const judged = ({ review }: Prediction): Judged | null => (review ? { verdict: review.verdict, reason: review.reason } : null)
const same = (one: Judged | null, other: Judged | null) => one?.verdict === other?.verdict && one?.reason === other?.reason

/** Verdicts on predictions, each a deed that can be undone and redone. */
export function useVerdicts() {
  const predictions = usePredictions()
  const annotations = useAnnotations()
  const autosave = useAutosave()
  const history = useUndo()

  async function judge(prediction: Prediction, verdict: 'accepted' | 'rejected', reason = ''): Promise<boolean> {
    const after = { verdict, reason }
    if (same(judged(prediction), after)) return true
    if (!(await predictions.judge(prediction, verdict, reason))) return false
    history.did('review', { prediction: prediction.id, before: judged(prediction), after, made: [] } satisfies Deed)
    return true
  }

  /** The new region's name. */
  async function correct(prediction: Prediction): Promise<string | undefined> {
    const saved = await predictions.correct(prediction)
    if (!saved) return undefined
    const made = annotations.regions.some(({ uid }) => uid === saved.annotation.uid) ? [] : [madeBy(saved.annotation)]
    const after = { verdict: 'corrected', reason: '' } as const
    if (!same(judged(prediction), after)) history.did('review', { prediction: prediction.id, before: judged(prediction), after, made } satisfies Deed)
    annotations.adopt(saved)
    return saved.annotation.uid
  }

  async function put(prediction: Prediction, wanted: Judged | null): Promise<void> {
    await autosave.flush() // a correction taken back is deleted before it is made again
    if (wanted?.verdict === 'corrected') {
      const saved = await predictions.correct(prediction)
      if (!saved) throw predictions.error
      annotations.adopt(saved)
    } else if (!(await predictions.judge(prediction, wanted?.verdict ?? 'withdrawn', wanted?.reason))) throw predictions.error
  }

  async function walk(what: unknown, way: Way): Promise<string | void> {
    const { prediction: id, before, after, made } = what as Deed
    const [expected, wanted] = way === 'back' ? [after, before] : [before, after]
    await predictions.refresh()
    const prediction = predictions.predictions.find((one) => one.id === id)
    if (!prediction) return 'Not changed: there is a newer prediction.'
    if (!same(judged(prediction), expected)) return `Not changed: ${prediction.review?.author ?? 'somebody'} has judged this prediction since.`
    const refusal = made.length && way === 'back' ? await annotations.walk(made, 'back') : undefined
    if (refusal) return refusal
    await put(prediction, wanted)
  }
  history.teach('review', walk)

  return { judge, correct }
}
