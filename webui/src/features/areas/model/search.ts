/** Finding an area by its name, another name it has, or where it lies. */
import type { Area } from '@/api/types'

const words = (text: string) => text.toLowerCase().split(/[^a-z0-9]+/).filter(Boolean)

/** How well an area answers to a query: 0 its name, 1 the start of it, 2 another name, 3 a word about it; undefined: not at all. */
function rank(area: Area, query: string): number | undefined {
  const [name, aliases] = [area.name.toLowerCase(), area.aliases.map((alias) => alias.toLowerCase())]
  if (name === query) return 0
  if (name.startsWith(query)) return 1
  if (aliases.some((alias) => alias.startsWith(query))) return 2
  const about = words(`${area.long_name} ${area.lobe}`)
  return words(query).length && words(query).every((part) => about.some((word) => word.startsWith(part))) ? 3 : undefined
}

/** The areas a query means, the likeliest first and else in their order; all of them for an empty query. */
export function searchAreas(areas: readonly Area[], query: string): Area[] {
  const wanted = query.trim().toLowerCase()
  if (!wanted) return [...areas]
  const ranked = areas.map((area) => ({ area, rank: rank(area, wanted) })).filter((one) => one.rank !== undefined)
  return ranked.sort((a, b) => a.rank! - b.rank!).map((one) => one.area)
}
