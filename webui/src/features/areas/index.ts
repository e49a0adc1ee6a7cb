export { default as AreasEditor } from './components/AreasEditor.vue'
export { default as AreaSearch } from './components/AreaSearch.vue'
export { searchAreas } from './model/search'
