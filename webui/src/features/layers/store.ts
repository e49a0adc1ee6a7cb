import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

import { keep, nudged, PLAIN, recall, type Tone, type ToneKnob } from './model/tone'

/** How the section's image is shown; remembered in this browser per person and brain. */
export const useTone = defineStore('tone', () => {
  const tone = shallowRef<Tone>(PLAIN)
  const owner = ref('')

  function open(person: string, brain: string): void {
    owner.value = `${person}.${brain}`
    tone.value = recall(localStorage, owner.value)
  }

  function set(next: Tone): void {
    tone.value = next
    if (owner.value) keep(localStorage, owner.value, next)
  }

  return {
    tone, open, set,
    change: (part: Partial<Tone>) => set({ ...tone.value, ...part }),
    nudge: (knob: ToneKnob, step: number) => set(nudged(tone.value, knob, step)),
    invert: () => set({ ...tone.value, inverted: !tone.value.inverted }),
    reset: () => set(PLAIN),
  }
})
