import { listAnnotations, listVersions } from '@/api/calls'
import type { Annotation } from '@/api/types'

const MOST_NAMED = 100 // more at once the server does not take; then the whole section is as quick

/** What is drawn on a section, the lowest first. Of what the page has read before only what changed is read again. */
export async function readDrawn(project: string, section: number, known: readonly Annotation[]): Promise<readonly Annotation[]> {
  if (!known.length) return (await listAnnotations(project, section)).annotations
  const { versions } = await listVersions(project, section)
  const same = known.filter(({ uid, version }) => versions[uid] === version)
  const there = new Set(same.map(({ uid }) => uid))
  const changed = Object.keys(versions).filter((uid) => !there.has(uid))
  if (!changed.length) return same
  if (changed.length > MOST_NAMED) return (await listAnnotations(project, section)).annotations
  return [...same, ...(await listAnnotations(project, section, changed)).annotations].sort(byStack)
}

/** As the server has it. */
function byStack(a: Annotation, b: Annotation): number {
  return a.order - b.order || compare(made(a), made(b)) || compare(a.uid, b.uid)
}

/** Without its last letter, Z, a moment with fractions of a second comes after the same one without. */
const made = ({ created_at }: Annotation) => created_at.slice(0, -1)

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
