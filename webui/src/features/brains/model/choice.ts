/** The chosen sections after a click: with Shift everything from the section clicked before is chosen too. */
export function choose(chosen: ReadonlySet<number>, shown: readonly number[], clicked: number, from?: number): Set<number> {
  const next = new Set(chosen)
  const ends = [shown.indexOf(clicked), from === undefined ? -1 : shown.indexOf(from)]
  if (ends.every((index) => index >= 0)) {
    const [low, high] = ends.sort((a, b) => a - b) as [number, number]
    for (const number of shown.slice(low, high + 1)) next.add(number)
  } else if (!next.delete(clicked)) {
    next.add(clicked)
  }
  return next
}
