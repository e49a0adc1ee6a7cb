export { useUndo, type Walk, type Way } from './store'
