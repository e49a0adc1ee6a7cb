export { default as ComputeLight } from './components/ComputeLight.vue'
