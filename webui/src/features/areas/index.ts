export { default as AreasEditor } from './components/AreasEditor.vue'
export { default as AreaSearch } from './components/AreaSearch.vue'
export { ownArea } from './model/list'
export { searchAreas } from './model/search'
