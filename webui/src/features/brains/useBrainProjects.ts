import { computed, ref } from 'vue'

import { listProjects } from '@/api/calls'
import { useSession } from '@/features/session'
import { useLoad } from '@/shared/useLoad'

/** The user's projects on a brain: sections open in one of them, and who writes in one may compute. */
export function useBrainProjects(brain: () => string) {
  const session = useSession()
  const { data, error, reload } = useLoad(async () => {
    const all = (await listProjects()).projects.map(({ project }) => project)
    return all.filter((project) => project.brain === brain())
  }, [brain])
  const picked = ref<string>()
  const project = computed(() => data.value?.find((one) => one.id === picked.value) ?? data.value?.[0])
  const mayCompute = computed(() => {
    const me = session.session?.user.name
    return data.value?.some(({ members }) => members.some(({ user, role }) => user === me && role !== 'viewer'))
  })
  return { projects: data, error, reload, picked, project, mayCompute }
}
