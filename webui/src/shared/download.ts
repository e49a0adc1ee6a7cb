/** Lets the browser save what is at an address as a file. */
export function download(address: string, name: string): void {
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
}
