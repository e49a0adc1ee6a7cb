/** The others in a project: who, where, and how they are written in a small circle. */
import type { PersonHere } from '@/api/types'
import { sectionNumber } from '@/shared/format'

export interface Other {
  user: string
  initials: string
  here: boolean // on the section on screen
  section: number | undefined // where else
  words: string
}

/** "Erika Muster" is EM, "demo" is DE. */
export function initials(name: string): string {
  const [first = '', ...others] = name.trim().split(/[\s._-]+/).filter(Boolean)
  const last = others.at(-1)
  return (last ? first.slice(0, 1) + last.slice(0, 1) : first.slice(0, 2)).toUpperCase()
}

function place(sections: readonly (number | null | undefined)[], section: number): string {
  if (sections.includes(section)) return 'is on this section too'
  const elsewhere = sections.find((one) => one != null)
  return elsewhere == null ? "is on the project's page" : `is on section ${sectionNumber(elsewhere)}`
}

/** Everybody but oneself, each once however many pages they have open, those on this section first. */
export function others(people: readonly PersonHere[], me: string, section: number): Other[] {
  const pages = new Map<string, PersonHere[]>()
  for (const page of people) if (page.user !== me) pages.set(page.user, [...(pages.get(page.user) ?? []), page])
  const found = [...pages.values()].map((theirs): Other => {
    const { user, display_name } = theirs[0]!
    const sections = theirs.map((page) => page.section)
    const here = sections.includes(section)
    const elsewhere = here ? undefined : (sections.find((one) => one != null) ?? undefined)
    return { user, here, section: elsewhere, initials: initials(display_name || user), words: `${display_name || user} ${place(sections, section)}` }
  })
  return found.sort((a, b) => Number(b.here) - Number(a.here))
}
