export { default as MappingBoard } from './components/MappingBoard.vue'
