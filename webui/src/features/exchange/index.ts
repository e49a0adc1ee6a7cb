export { default as FoundOverlay } from './components/FoundOverlay.vue'
export { default as ImportList } from './components/ImportList.vue'
export { default as ImportPanel } from './components/ImportPanel.vue'
