/** What the viewer shows, overlays and scale bar included, as one PNG. */
import type { View } from './coordinates'
import { scaleBar } from './scaleBar'

const MARGIN_PX = 16

export async function takePicture(host: HTMLElement, view: View): Promise<Blob> {
  const ratio = window.devicePixelRatio || 1
  const box = host.getBoundingClientRect()
  const sheet = Object.assign(document.createElement('canvas'), { width: Math.round(box.width * ratio), height: Math.round(box.height * ratio) })
  const context = sheet.getContext('2d')!
  context.scale(ratio, ratio)
  context.fillStyle = getComputedStyle(host).backgroundColor
  context.fillRect(0, 0, box.width, box.height)
  for (const canvas of host.querySelectorAll('canvas')) {
    const place = canvas.getBoundingClientRect()
    if (!place.width || !place.height || getComputedStyle(canvas).visibility === 'hidden') continue
    Object.assign(context, lookOf(canvas, host))
    context.drawImage(canvas, place.left - box.left, place.top - box.top, place.width, place.height)
  }
  Object.assign(context, { filter: 'none', globalAlpha: 1, globalCompositeOperation: 'source-over' })
  drawScaleBar(context, view, box.height)
  return new Promise((resolve, reject) =>
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser could not make a picture of the section.'))), 'image/png'))
}

/** How the page shows a canvas: its own and its parents' opacity, its tone, how it is blended. */
function lookOf(canvas: HTMLElement, host: HTMLElement) {
  let [globalAlpha, filter, blend] = [1, 'none', 'normal']
  for (let one: HTMLElement | null = canvas; one && one !== host; one = one.parentElement) {
    const style = getComputedStyle(one)
    globalAlpha *= Number(style.opacity)
    if (style.filter !== 'none') filter = style.filter
    if (style.mixBlendMode !== 'normal') blend = style.mixBlendMode
  }
  return { globalAlpha, filter, globalCompositeOperation: (blend === 'normal' ? 'source-over' : blend) as GlobalCompositeOperation }
}

function drawScaleBar(context: CanvasRenderingContext2D, view: View, height: number): void {
  const { text, width_px } = scaleBar(view.um_per_px)
  const y = height - MARGIN_PX
  context.fillStyle = 'rgb(20 20 20 / 82%)'
  context.fillRect(MARGIN_PX - 8, y - 26, width_px + 16, 34)
  context.fillStyle = '#fff'
  context.fillRect(MARGIN_PX, y - 3, width_px, 3)
  context.font = '12px system-ui, sans-serif'
  context.fillText(text, MARGIN_PX, y - 9)
}
