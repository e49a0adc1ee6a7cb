import type { TrainingTask } from '@/api/types'

export interface Arc {
  area: string
  sections: readonly [number, number]
}

/** The training pairs of all tasks, each pair of an area once, nearest pairs first. */
export function trainingArcs(tasks: readonly TrainingTask[]): Arc[] {
  const arcs = new Map<string, Arc>()
  for (const task of tasks) {
    const pairs = task.pairs?.length ? task.pairs : task.runs.map((run) => run.sections as [number, number])
    for (const [from, to] of pairs) {
      arcs.set(`${task.area} ${from} ${to}`, { area: task.area, sections: [from, to] })
    }
  }
  return [...arcs.values()].sort((a, b) => a.sections[1] - a.sections[0] - (b.sections[1] - b.sections[0]))
}

/** An arc between two places as an SVG path, as high as there is room. */
export function arcPath(from: number, to: number, bottom: number, height: number): string {
  return `M ${from} ${bottom} C ${from} ${bottom - height * 1.25}, ${to} ${bottom - height * 1.25}, ${to} ${bottom}`
}
