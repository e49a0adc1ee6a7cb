/** What the check of the borders has found, in words, and what can be done about it. Pure. */
import { count } from '@/shared/format'

import type { Finding } from '../geometry/check'

/** A region as a finding names it. */
export interface Named {
  uid: string
  area: string
}

/** One way to put a finding in order: for which region, in what words. */
export interface Mend {
  to: number // of the regions in the question
  title: string
  words: string
}

export const GAP_WIDTHS_UM = [10, 20, 50, 100, 200] as const

/** Two regions of one area are told apart by their number. */
export const nameOf = ({ area, uid }: Named): string => `${area} ${uid.slice(0, 4)}`

const names = (of: readonly number[], regions: readonly Named[]): string => of.map((one) => nameOf(regions[one]!)).join(', ')

const sizeWords = (um2: number): string => (um2 < 1e4 ? `${Math.round(um2)} µm²` : `${(um2 / 1e6).toFixed(2)} mm²`)

export function findingWords({ kind, regions: of, size_um2 }: Finding, regions: readonly Named[]): string {
  if (kind === 'crossing') return `${names(of, regions)} crosses itself`
  return kind === 'overlap' ? `${names(of, regions)} overlap in ${sizeWords(size_um2)}` : `gap of ${sizeWords(size_um2)} between ${names(of, regions)}`
}

const TITLES: Record<Finding['kind'], (name: string) => string> = {
  overlap: (name) => `to ${name}`,
  gap: (name) => `into ${name}`,
  crossing: () => 'untie',
}

const WORDS: Record<Finding['kind'], (name: string) => string> = {
  overlap: (name) => `What they share is ${name}'s alone from then on`,
  gap: (name) => `${name} takes in the gap`,
  crossing: (name) => `${name} fills the same without crossing; a loop smaller than the gap's width squared goes`,
}

/** The ways to mend a finding, one for each region it may be given to. */
export const mends = ({ kind, regions: of }: Finding, regions: readonly Named[]): Mend[] =>
  of.map((to) => ({ to, title: TITLES[kind](nameOf(regions[to]!)), words: WORDS[kind](nameOf(regions[to]!)) }))

export const sumWords = (findings: readonly Finding[], gap_um: number): string =>
  findings.length ? `${count(findings.length, 'place')} to look at.` : `All borders are in order; no gap is narrower than ${gap_um} µm.`
