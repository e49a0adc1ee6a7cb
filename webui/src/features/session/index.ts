export { default as AccountMenu } from './components/AccountMenu.vue'
export { default as LoginForm } from './components/LoginForm.vue'
export { useSession } from './store'
