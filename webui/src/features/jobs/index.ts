export { default as TaskList } from './components/TaskList.vue'
export { default as JobsPill } from './components/JobsPill.vue'
export { useJobs } from './store'
