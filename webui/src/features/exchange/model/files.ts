/** Files as the API takes them. */
export interface ImportFile {
  name: string
  content: string // base64
}

const MOST_BYTES = 45 << 20 // of one request, which grows by a third in base64 and may have 64 MB

/** Why these files cannot be sent together, in words; empty when they can. */
export function tooMuch(files: readonly Pick<File, 'size'>[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes <= MOST_BYTES) return ''
  return `${(bytes / 2 ** 20).toFixed(0)} MB are more than the ${MOST_BYTES >> 20} MB that are read at once. Import them in parts, or packed as a zip.`
}

export function asImportFile(file: File): Promise<ImportFile> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve({ name: file.name.slice(0, 200), content: String(reader.result).split(',', 2)[1] ?? '' })
    reader.onerror = () => reject(new Error(`${file.name} cannot be read. Check that it is still there.`))
    reader.readAsDataURL(file)
  })
}
