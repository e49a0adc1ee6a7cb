/** Numbers and times as words, each with its unit. */

const MINUTE_S = 60
const HOUR_S = 3600
const DAY_S = 86400

/** "2 min", "40 s", "1 h 5 min": a duration rounded the way a person would say it. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`
  const minutes = Math.round((seconds % HOUR_S) / MINUTE_S)
  return minutes ? `${Math.floor(seconds / HOUR_S)} h ${minutes} min` : `${Math.floor(seconds / HOUR_S)} h`
}

/** "just now", "5 min ago", "yesterday"; `now_ms` is passed so that the function stays pure. */
export function ago(moment: string, now_ms: number): string {
  const past_s = (now_ms - Date.parse(moment)) / 1000
  if (past_s < 45) return 'just now'
  if (past_s < HOUR_S) return `${Math.max(1, Math.floor(past_s / MINUTE_S))} min ago`
  if (past_s < DAY_S) return `${Math.floor(past_s / HOUR_S)} h ago`
  const days = Math.floor(past_s / DAY_S)
  return days === 1 ? 'yesterday' : `${days} days ago`
}

/** The exact time, for hovering. */
export function exactTime(moment: string): string {
  return new Date(moment).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** Section numbers are written with four digits, as in `B20_0901`. */
export const sectionNumber = (number: number): string => String(number).padStart(4, '0')

export const squareMm = (area_um2: number): string => `${(area_um2 / 1e6).toFixed(2)} mm²`

export const percent = (share: number): string => `${Math.round(share * 100)} %`

/** A prediction's doubt, the share of the area's extent expected to be wrong: "about 12 % of it may be wrong". */
export const doubtWords = (doubt: number): string =>
  doubt < 0.005 ? 'less than 1 % of it may be wrong' : `about ${percent(doubt)} of it may be wrong`

/** "1 section", "6 sections". */
export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

/** Pixel size with as many digits as mean something. */
export function pixelSize(um_per_px: number): string {
  return `${um_per_px < 10 ? um_per_px.toPrecision(2) : Math.round(um_per_px)} µm/px`
}
