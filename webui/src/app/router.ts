import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'

import { useSession } from '@/features/session'

import LoginPage from './pages/LoginPage.vue'
import ProjectsPage from './pages/ProjectsPage.vue'
import { scrollBehavior } from './scroll'

const routes: RouteRecordRaw[] = [
  { path: '/login', name: 'login', component: LoginPage, meta: { public: true } },
  { path: '/', name: 'projects', component: ProjectsPage },
  {
    path: '/p/:project',
    component: () => import('./pages/ProjectFrame.vue'),
    props: true,
    children: [
      { path: '', name: 'project', component: () => import('./pages/ProjectPage.vue'), props: true },
      { path: 'review/:area?', name: 'review', component: () => import('./pages/ReviewPage.vue'), props: true },
      { path: 'mapping', name: 'mapping', component: () => import('./pages/MappingPage.vue'), props: true },
      {
        path: 's/:number(\\d+)',
        name: 'section',
        component: () => import('./pages/SectionPage.vue'),
        props: (route) => ({ project: String(route.params.project), number: Number(route.params.number) }),
      },
    ],
  },
  { path: '/brains', name: 'brains', component: () => import('./pages/BrainsPage.vue') },
  { path: '/brains/:brain', name: 'brain', component: () => import('./pages/BrainPage.vue'), props: true },
  {
    path: '/brains/:brain/s/:number(\\d+)',
    name: 'brain-section',
    component: () => import('./pages/BrainSectionPage.vue'),
    props: (route) => ({ brain: String(route.params.brain), number: Number(route.params.number) }),
  },
  { path: '/:anything(.*)*', name: 'nowhere', component: () => import('./pages/NowherePage.vue') },
]

export const router = createRouter({ history: createWebHistory(), routes, scrollBehavior })

router.beforeEach(async (to) => {
  if (to.meta.public) return useSession().session ? { name: 'projects' } : true
  try {
    const session = await useSession().ensure()
    return session ? true : { name: 'login', query: { next: to.fullPath } }
  } catch {
    return true // the server does not answer: the page itself says so and offers to try again
  }
})
