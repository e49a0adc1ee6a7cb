export { default as ToneFilter } from './components/ToneFilter.vue'
export { default as TonePanel } from './components/TonePanel.vue'
export { isPlain } from './model/tone'
export { useTone } from './store'
