import { computed, ref, shallowRef, watch } from 'vue'

import type { Finding } from './geometry/check'
import { compute } from './geometry/compute'
import { GAP_WIDTHS_UM, type Mend, sumWords } from './model/findings'
import { outlined, shapeOf } from './model/history'
import type { Region } from './model/regions'
import { type Wanted, useAnnotations } from './store'

/** Overlaps, gaps and crossings of the section's regions, found beside the page's thread, and how each is put in order. */
export function useBorderCheck(mayWrite: () => boolean) {
  const store = useAnnotations()
  const gap_um = ref<number>(GAP_WIDTHS_UM[2])
  const checked = shallowRef<readonly Region[]>([]) // the regions the findings are about
  const findings = shallowRef<readonly Finding[]>() // undefined: not asked for
  const busy = ref(false)
  const error = shallowRef<unknown>()

  const regions = () => store.regions.filter(({ shape }) => shape === 'region')
  const changed = computed(() => {
    const now = new Map(regions().map(({ uid, paths }) => [uid, paths]))
    return now.size !== checked.value.length || checked.value.some(({ uid, paths }) => now.get(uid) !== paths)
  })
  const words = computed(() => {
    if (!findings.value) return ''
    return changed.value && !busy.value ? 'Outlines were changed since: check again.' : sumWords(findings.value, gap_um.value)
  })

  function forget(): void {
    findings.value = undefined
    checked.value = []
    store.preview = undefined
  }
  watch(() => store.section, forget)

  async function run(): Promise<void> {
    const asked = regions()
    busy.value = true
    error.value = undefined
    try {
      const found = await compute('check', asked.map(({ paths }) => paths), gap_um.value)
      ;[checked.value, findings.value] = [asked, found]
    } catch (thrown) {
      error.value = thrown
    } finally {
      busy.value = false
    }
  }

  function setGap(width_um: number): void {
    gap_um.value = width_um
    if (findings.value) void run()
  }

  /** What a mend makes of the regions. */
  async function mended({ kind, regions: of, paths }: Finding, to: number): Promise<Wanted[]> {
    const [region, others] = [checked.value[to]!, of.filter((one) => one !== to).map((one) => checked.value[one]!)]
    const wanted = (one: Region, after: typeof paths): Wanted => ({ uid: one.uid, after: after.length ? { ...shapeOf(one), paths: after } : undefined })
    if (kind === 'gap') return [wanted(region, await compute('fillGap', region.paths, paths))]
    if (kind === 'crossing') return [wanted(region, await compute('untie', region.paths, gap_um.value ** 2))]
    const [kept, left] = await compute('giveOverlap', region.paths, others[0]!.paths)
    return [wanted(region, kept!), wanted(others[0]!, left!)]
  }

  /** One step for undo; then the section is checked anew. */
  async function mend(finding: Finding, { to }: Mend): Promise<void> {
    if (!mayWrite() || busy.value) return
    busy.value = true
    try {
      const changes = await mended(finding, to)
      const asThen = changes.every(({ uid }) => regions().find((one) => one.uid === uid)?.paths === checked.value.find((one) => one.uid === uid)?.paths)
      if (asThen) store.changeAll(changes)
    } catch (thrown) {
      error.value = thrown
    }
    store.preview = undefined
    await run()
  }

  /** Dashed over the section while the pointer is on its line. */
  function show(finding?: Finding): void {
    store.preview = finding?.paths.length ? outlined(checked.value[finding.regions[0]!]!.area, finding.paths) : undefined
  }

  return { gap_um, findings, checked, busy, error, words, run, setGap, mend, show }
}

export type BorderCheck = ReturnType<typeof useBorderCheck>
