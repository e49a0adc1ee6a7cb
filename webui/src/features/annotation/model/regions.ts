import type { Annotation } from '@/api/types'

import { type Shape, shapeOf } from './history'
import type { Outbox, Pending } from './outbox'

/** A region, line or note as it stands on screen: the server's, with what is not saved yet on top. */
export interface Region extends Shape {
  uid: string
  annotation?: Annotation // what the server has of it
  pending?: Pending
}

/** The server's regions of a section under what the person wants of them, the lowest first. */
export function merge(server: readonly Annotation[], outbox: Outbox, section: number | undefined): Region[] {
  const regions: Region[] = []
  for (const annotation of server) {
    const pending = outbox.get(annotation.uid)
    if (!pending) regions.push({ uid: annotation.uid, ...shapeOf(annotation), annotation })
    else if (pending.wanted) regions.push({ uid: annotation.uid, ...pending.wanted, annotation, pending })
  }
  const known = new Set(server.map((annotation) => annotation.uid))
  for (const pending of outbox.values()) {
    if (pending.section === section && pending.wanted && !known.has(pending.uid)) {
      regions.push({ uid: pending.uid, ...pending.wanted, pending })
    }
  }
  return regions.sort((a, b) => a.order - b.order)
}
