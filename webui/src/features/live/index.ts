export { default as LiveWord } from './components/LiveWord.vue'
export { useLive } from './store'
