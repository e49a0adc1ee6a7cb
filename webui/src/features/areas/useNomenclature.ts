import { type Ref, shallowRef } from 'vue'

import { readNomenclature } from '@/api/calls'
import type { Area } from '@/api/types'

const areas = shallowRef<Area[]>([])
let asked: Promise<void> | undefined

/** The areas of the Julich-Brain nomenclature, fetched once; none while they are on their way. */
export function useNomenclature(): Readonly<Ref<Area[]>> {
  asked ??= readNomenclature()
    .then((found) => void (areas.value = found.areas))
    .catch(() => void (asked = undefined))
  return areas
}
