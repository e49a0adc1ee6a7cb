import type { RouterScrollBehavior } from 'vue-router'

const PATIENCE_MS = 4000 // what was found is read again before it has its height

/** Back and forward lead to where one was on a page, as soon as it is long enough; another page begins at its top. */
export const scrollBehavior: RouterScrollBehavior = (to, from, saved) => {
  if (!saved) return to.name === from.name ? false : { top: 0 }
  return new Promise((resolve) => {
    const until = performance.now() + PATIENCE_MS
    const look = (now: number): void => {
      const long = document.documentElement.scrollHeight >= saved.top + window.innerHeight
      if (long || now > until) resolve(saved)
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
}
