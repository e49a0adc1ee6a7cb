export { default as TrainWizard } from './components/TrainWizard.vue'
