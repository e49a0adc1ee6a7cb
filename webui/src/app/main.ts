import './styles/main.scss'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import { whenLoggedOut } from '@/api/client'
import { useSession } from '@/features/session'
import { startTheme } from '@/shared/theme'

import App from './App.vue'
import { router } from './router'

startTheme()
const app = createApp(App).use(createPinia()).use(router)

whenLoggedOut(() => {
  useSession().forget()
  const here = router.currentRoute.value
  if (here.name !== 'login') void router.push({ name: 'login', query: { next: here.fullPath } })
})

app.mount('#app')
