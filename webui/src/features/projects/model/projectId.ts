const LONGEST = 64

/** An identifier made of a title: "Visual areas, left" becomes "visual-areas-left"; never empty, safe in an address. */
export function projectId(title: string, fallback: string): string {
  const plain = title.normalize('NFKD').replace(/[\u0300-\u036f]/g, '')
  const id = plain.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, LONGEST)
  return id || fallback.toLowerCase()
}
