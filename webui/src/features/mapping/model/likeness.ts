/** What lies together in the picture of patches: groups, and patches that are nearest to one another. */
import type { PatchPoint } from '@/api/types'

export interface GroupRow {
  group: number
  patches: number
  areas: { area: string; share: number }[] // the most frequent first
}

const MOST_AREAS = 3

/** Each group with the areas it is made of. */
export function groupRows(points: readonly PatchPoint[]): GroupRow[] {
  const groups = new Map<number, string[]>()
  for (const { cluster, area } of points) groups.set(cluster, [...(groups.get(cluster) ?? []), area])
  return [...groups].sort(([a], [b]) => a - b).map(([group, areas]) => ({ group, patches: areas.length, areas: shares(areas).slice(0, MOST_AREAS) }))
}

export interface LikenessRow {
  area: string
  same: number // share of the nearest patches that are of the area itself
  other?: { area: string; share: number } // the most frequent of the others
}

/** For each area how often its patches' nearest ones are of the same area, and of which else; the least often first. */
export function likenessRows(points: readonly PatchPoint[]): LikenessRow[] {
  const near = new Map<string, string[]>()
  for (const { area, nearest } of points) near.set(area, [...(near.get(area) ?? []), ...nearest.map((index) => points[index]!.area)])
  return [...near]
    .filter(([, areas]) => areas.length)
    .map(([area, areas]) => {
      const found = shares(areas)
      return { area, same: found.find((one) => one.area === area)?.share ?? 0, other: found.find((one) => one.area !== area) }
    })
    .sort((a, b) => a.same - b.same || a.area.localeCompare(b.area))
}

function shares(areas: readonly string[]): { area: string; share: number }[] {
  const counts = new Map<string, number>()
  for (const area of areas) counts.set(area, (counts.get(area) ?? 0) + 1)
  return [...counts].map(([area, number]) => ({ area, share: number / areas.length })).sort((a, b) => b.share - a.share || a.area.localeCompare(b.area))
}
