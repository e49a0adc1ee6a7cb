/** The image layers in an address: `overlay=next`, `overlay=previous,tissue`. */
import type { Side } from '@/features/alignment'

export interface Overlays {
  side: Side | undefined
  tissue: boolean
}

export function readOverlays(text: unknown): Overlays {
  const words = typeof text === 'string' ? text.split(',') : []
  return { side: (['next', 'previous'] as const).find((side) => words.includes(side)), tissue: words.includes('tissue') }
}

export function writeOverlays({ side, tissue }: Overlays): string | undefined {
  return [side, tissue ? 'tissue' : undefined].filter(Boolean).join(',') || undefined
}
