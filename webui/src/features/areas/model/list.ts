/** A project's list of areas while it is edited: every function gives a new list. */
import type { Area } from '@/api/types'

// Distinct from one another and from gray tissue; taken in turn.
const COLOURS = ['#c8553d', '#2f7fb5', '#4f9d69', '#8a62b3', '#c98a1b', '#2a9d9c', '#b6508a', '#7a7f35']
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

const known = (areas: readonly Area[], name: string) => areas.some((area) => area.name.toLowerCase() === name.toLowerCase())

/** The list with one more area at its end; the same list when it has it. */
export const added = (areas: readonly Area[], area: Area): Area[] => (known(areas, area.name) ? [...areas] : [...areas, area])

/** A name made of what was typed: `Übergang hOc1/2` becomes `Ubergang-hOc1-2`; empty where nothing of it can stand in one. */
export function nameOf(text: string): string {
  const plain = text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '')
  return plain.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-_.]+|-+$/g, '').slice(0, 64)
}

/** An area of the person's own naming, in a colour no other has where there is one left. */
export function ownArea(areas: readonly Area[], text: string): Area {
  const taken = new Set(areas.map((area) => area.colour))
  const colour = COLOURS.find((one) => !taken.has(one)) ?? COLOURS[areas.length % COLOURS.length]!
  return { name: nameOf(text), long_name: text.slice(0, 200), colour, lobe: '', aliases: [] }
}

export function changed(areas: readonly Area[], name: string, change: Partial<Area>): Area[] {
  return areas.map((area) => (area.name === name ? { ...area, ...change } : area))
}

export const without = (areas: readonly Area[], name: string): Area[] => areas.filter((area) => area.name !== name)

/** One place up (-1) or down (1), as far as there is one. */
export function moved(areas: readonly Area[], name: string, by: -1 | 1): Area[] {
  const from = areas.findIndex((area) => area.name === name)
  const to = from + by
  if (from < 0 || to < 0 || to >= areas.length) return [...areas]
  const next = [...areas]
  ;[next[from], next[to]] = [next[to]!, next[from]!]
  return next
}

/** Other names from a line of them, divided by commas. */
export const aliasesOf = (line: string): string[] => [...new Set(line.split(',').map((alias) => alias.trim()).filter(Boolean))]

/** Why an area cannot be named like this; empty when it can. */
export function against(areas: readonly Area[], name: string): string {
  if (!NAME.test(name)) return 'A name has letters, digits, dot, - and _, and starts with a letter or digit.'
  return known(areas, name) ? `The project has ${name} already.` : ''
}
