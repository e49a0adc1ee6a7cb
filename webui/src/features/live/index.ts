export { default as LiveWord } from './components/LiveWord.vue'
export { default as PeopleHere } from './components/PeopleHere.vue'
export { useLive } from './store'
export { usePresence } from './usePresence'
