export { default as TaskList } from './components/TaskList.vue'
export { default as JobsPill } from './components/JobsPill.vue'
export { firstSection, modelFor } from './model/jobs'
export { useJobs } from './store'
