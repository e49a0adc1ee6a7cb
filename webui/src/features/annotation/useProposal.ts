import { computed, ref, shallowRef, watch } from 'vue'

import { readShapeProposal } from '@/api/calls'
import type { SectionState, ShapeProposal } from '@/api/types'

import { proposalWords, whyNoProposal } from './model/proposal'
import { useAnnotations } from './store'

/** An outline between two annotated sections, drawn at once as a region like any other: it can be corrected and undone. */
export function useProposal(sections: () => readonly SectionState[], mayWrite: () => boolean) {
  const store = useAnnotations()
  const proposal = shallowRef<ShapeProposal>()
  const error = shallowRef<unknown>()
  const busy = ref(false)

  const drawnHere = computed(() => store.regions.some((region) => region.area === store.area))
  const why = computed(() => {
    if (!mayWrite()) return 'Only annotators and managers draw.'
    if (busy.value) return 'One moment: an outline is on its way.'
    return whyNoProposal(sections(), store.area, store.section ?? 0, drawnHere.value)
  })
  const words = computed(() => (proposal.value && (drawnHere.value || !proposal.value.paths.length) ? proposalWords(proposal.value) : ''))

  function forget(): void {
    proposal.value = undefined
    error.value = undefined
  }
  watch(() => [store.section, store.area], forget)

  async function propose(): Promise<void> {
    if (why.value) return
    const [project, section, area] = [store.project, store.section!, store.area]
    busy.value = true
    forget()
    try {
      const found = await readShapeProposal(project, section, area)
      if (store.project !== project || store.section !== section || store.area !== area) return
      if (found.paths.length) store.draw(found.paths)
      proposal.value = found
    } catch (thrown) {
      if (store.section === section) error.value = thrown
    } finally {
      busy.value = false
    }
  }

  return { why, words, error, propose }
}

export type Proposal = ReturnType<typeof useProposal>
