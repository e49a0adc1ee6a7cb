import { computed, ref, shallowRef, watch } from 'vue'

import { createTask, readTrainingOffer } from '@/api/calls'
import type { SegmentationSettings, TrainingTask } from '@/api/types'
import { randomKey } from '@/shared/randomKey'
import { useLoad } from '@/shared/useLoad'

import { type Choice, type Method, obstacle, ownSettings, pairName, proposedPairs, proposedPreset } from './model/choice'

/** The state of the wizard: the offer for an area, what is chosen of it, and the start of the task. */
export function useWizard(project: string, firstArea: string) {
  const area = ref(firstArea)
  const method = ref<Method>('local')
  const startJob = ref('') // the training job whose model to go on from
  const chosenPairs = ref<string[]>([])
  const presetName = ref('')
  const edited = ref<SegmentationSettings>()
  const starting = ref(false)
  const error = shallowRef<unknown>()
  const offer = useLoad(() => readTrainingOffer(project, area.value), [area])

  const preset = computed(() => offer.data.value?.presets.find((one) => one.preset.name === presetName.value))
  const choice = computed<Choice>(() => ({
    method: method.value,
    pairs: offer.data.value?.pairs.filter((pair) => chosenPairs.value.includes(pairName(pair))) ?? [],
    preset: preset.value,
    settings: preset.value && edited.value ? ownSettings(preset.value.preset.settings, edited.value) : undefined,
  }))
  const why = computed(() => (starting.value ? 'The task is being started.' : obstacle(offer.data.value, choice.value)))

  watch(area, () => (offer.data.value = undefined), { flush: 'sync' })
  watch(offer.data, (found) => {
    if (!found) return
    chosenPairs.value = proposedPairs(found)
    presetName.value ||= proposedPreset(found)
  })
  watch(preset, (found) => (edited.value = found && structuredClone(found.preset.settings)))

  // A start of another area or network would be refused.
  watch([area, () => edited.value?.architecture], () => (startJob.value = ''))

  // The same choices keep their key: pressing Train twice, or again after a lost answer, is one task.
  let key = randomKey()
  watch([area, choice, startJob], () => (key = randomKey()))

  async function start(): Promise<TrainingTask | undefined> {
    if (why.value || !preset.value) return undefined
    starting.value = true
    error.value = undefined
    try {
      const { pairs, settings } = choice.value
      const sections = pairs.map((pair) => pair.sections)
      return await createTask(project, {
        key, area: area.value, pairs: sections, preset: presetName.value, settings: settings ?? null,
        method: method.value, start_job: startJob.value || null,
      })
    } catch (thrown) {
      error.value = thrown
      return undefined
    } finally {
      starting.value = false
    }
  }

  return { area, method, startJob, offer, chosenPairs, presetName, preset, edited, choice, why, error, start }
}
