import { ref } from 'vue'

type Theme = 'light' | 'dark'
const STORED_AS = 'brodmann.theme'
const preferred = (): Theme => (window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

/** The theme on screen: the one chosen before, else the system's. */
export const theme = ref<Theme>('light')

function show(chosen: Theme): void {
  theme.value = chosen
  document.documentElement.dataset.bsTheme = chosen
}

export function startTheme(): void {
  show((localStorage.getItem(STORED_AS) as Theme | null) ?? preferred())
}

export function toggleTheme(): void {
  const chosen: Theme = theme.value === 'dark' ? 'light' : 'dark'
  localStorage.setItem(STORED_AS, chosen)
  show(chosen)
}
