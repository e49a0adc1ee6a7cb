/** A key of the contract: 32 lower-case hexadecimal digits of a random (version 4) UUID. */
export function randomKey(source: Pick<Crypto, 'getRandomValues'> = globalThis.crypto): string {
  // `randomUUID` exists only in secure contexts; getRandomValues is everywhere.
  const bytes = source.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
