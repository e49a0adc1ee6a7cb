export { default as InsideMark } from './components/InsideMark.vue'
export { default as InsidePanel } from './components/InsidePanel.vue'
export { useInspection } from './store'
export { useLookInside, type LookInside } from './useLookInside'
