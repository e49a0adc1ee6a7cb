/** Every request the interface makes, one line each, named as in the route table. */
import { api, exact, readBlob, value } from './client'
import type {
  Alignment, AnnotationList, ImportResult, InspectionView, JobList, MappingJob, MappingJobs, MappingResult, ModelReport, NewBrainJob, NewImport, NewInspection, NewMapping, NewProject, NewTask, OutlineList, Prediction, PredictionList, ProjectJob,
  RecogniseImport, RecognisedImport, RevisionList,
  RigidTransform, Role, SaveAnnotation, SaveAreas, SavedAnnotation, SectionSuggestion, ShapeProposal, TaskList, TissueStroke, TissueView, TrainingOffer, TrainingTask,
} from './types'

const at = <T extends object>(path: T) => ({ params: { path } })

export const readHealth = () => value(api.GET('/api/health'))
export const logIn = (name: string, password: string) => value(api.POST('/api/session', { body: { name, password } }))
export const readSession = () => value(api.GET('/api/session'))
export const changePassword = (current: string, wanted: string) => value(api.PUT('/api/session/password', { body: { current, wanted } }))
export const logOut = () => value(api.DELETE('/api/session'))

export const listBrains = () => value(api.GET('/api/brains'))
export const readBrain = (brain: string) => value(api.GET('/api/brains/{brain}', at({ brain })))
export const readAlignment = (brain: string) => exact<Alignment>(api.GET('/api/brains/{brain}/alignment', at({ brain })))
export const listBrainSections = (brain: string) => value(api.GET('/api/brains/{brain}/sections', at({ brain })))
export const listBrainJobs = (brain: string) => value(api.GET('/api/brains/{brain}/jobs', at({ brain })))
export const createBrainJob = (brain: string, body: NewBrainJob) =>
  value(api.POST('/api/brains/{brain}/jobs', { ...at({ brain }), body }))
export const readBrainJobLog = (brain: string, job: string) =>
  value(api.GET('/api/brains/{brain}/jobs/{job}/log', at({ brain, job })))
export const cancelBrainJob = (brain: string, job: string) =>
  value(api.POST('/api/brains/{brain}/jobs/{job}/cancel', at({ brain, job })))
export const setStep = (brain: string, section: number, transform: RigidTransform) =>
  exact<Alignment>(api.PUT('/api/brains/{brain}/alignment/{section}', { ...at({ brain, section: String(section) }), body: { transform } }))
export const unsetStep = (brain: string, section: number) =>
  exact<Alignment>(api.DELETE('/api/brains/{brain}/alignment/{section}', at({ brain, section: String(section) })))
export const readTissue = (brain: string, section: number) =>
  exact<TissueView>(api.GET('/api/brains/{brain}/sections/{section}/tissue', at({ brain, section: String(section) })))
export const readTissueRaster = (brain: string, section: number, version: string) =>
  readBlob(`/api/brains/${brain}/sections/${section}/tissue/${version}`)
export const saveTissueCorrection = (brain: string, section: number, version: number, strokes: TissueStroke[]) =>
  exact<TissueView>(api.PUT('/api/brains/{brain}/sections/{section}/tissue', {
    ...at({ brain, section: String(section) }), body: { version, strokes },
  }))
export const readPyramid = (brain: string, section: number) =>
  value(api.GET('/api/brains/{brain}/sections/{section}/pyramid', at({ brain, section: String(section) })))

export const listProjects = () => value(api.GET('/api/projects'))
export const createProject = (body: NewProject) =>
  value(api.POST('/api/projects', { body }))
export const readProject = (project: string) => value(api.GET('/api/projects/{project}', at({ project })))
export const readNomenclature = () => value(api.GET('/api/nomenclature'))
export const saveAreas = (project: string, body: SaveAreas) => value(api.PUT('/api/projects/{project}/areas', { ...at({ project }), body }))
export const setMember = (project: string, user: string, role: Role) =>
  value(api.PUT('/api/projects/{project}/members/{user}', { ...at({ project, user }), body: { role } }))
export const removeMember = (project: string, user: string) =>
  value(api.DELETE('/api/projects/{project}/members/{user}', at({ project, user })))
export const listSections = (project: string) => value(api.GET('/api/projects/{project}/sections', at({ project })))

/** Of a section, or of it the ones named. */
export const listAnnotations = (project: string, section: number, only?: readonly string[]) =>
  exact<AnnotationList>(api.GET('/api/projects/{project}/sections/{section}/annotations', {
    params: { path: { project, section: String(section) }, query: only && { only: only.join(',') } },
  }))
export const listVersions = (project: string, section: number) =>
  value(api.GET('/api/projects/{project}/sections/{section}/versions', at({ project, section: String(section) })))
export const listDeletedAnnotations = (project: string, section: number) =>
  exact<AnnotationList>(api.GET('/api/projects/{project}/sections/{section}/deleted', at({ project, section: String(section) })))
export const saveAnnotation = (project: string, uid: string, body: SaveAnnotation) =>
  exact<SavedAnnotation>(api.PUT('/api/projects/{project}/annotations/{uid}', { ...at({ project, uid }), body }))
export const deleteAnnotation = (project: string, uid: string, version: number) =>
  exact<SavedAnnotation>(api.DELETE('/api/projects/{project}/annotations/{uid}', { params: { path: { project, uid }, query: { version } } }))
export const listRevisions = (project: string, uid: string) =>
  exact<RevisionList>(api.GET('/api/projects/{project}/annotations/{uid}/revisions', at({ project, uid })))

export const readShapeProposal = (project: string, section: number, area: string) =>
  exact<ShapeProposal>(api.GET('/api/projects/{project}/sections/{section}/proposal', {
    params: { path: { project, section: String(section) }, query: { area } },
  }))
export const readSuggestion = (project: string, area: string) =>
  exact<SectionSuggestion>(api.GET('/api/projects/{project}/suggestions/{area}', at({ project, area })))

export const recogniseImport = (project: string, body: RecogniseImport) =>
  exact<RecognisedImport>(api.POST('/api/projects/{project}/imports/recognise', { ...at({ project }), body }))
export const createImport = (project: string, body: NewImport) =>
  exact<ImportResult>(api.POST('/api/projects/{project}/imports', { ...at({ project }), body }))
export const listImports = (project: string) => value(api.GET('/api/projects/{project}/imports', at({ project })))
export const takeBackImport = (project: string, key: string) =>
  value(api.DELETE('/api/projects/{project}/imports/{key}', at({ project, key })))
export const restoreImport = (project: string, key: string) =>
  value(api.POST('/api/projects/{project}/imports/{key}/restore', at({ project, key })))

export const readTrainingOffer = (project: string, area: string) =>
  exact<TrainingOffer>(api.GET('/api/projects/{project}/training/{area}', at({ project, area })))
export const listTasks = (project: string) => exact<TaskList>(api.GET('/api/projects/{project}/tasks', at({ project })))
export const createTask = (project: string, body: NewTask) =>
  exact<TrainingTask>(api.POST('/api/projects/{project}/tasks', { ...at({ project }), body }))

export const listJobs = (project: string) => exact<JobList>(api.GET('/api/projects/{project}/jobs', at({ project })))
export const readJob = (project: string, job: string) => exact<ProjectJob>(api.GET('/api/projects/{project}/jobs/{job}', at({ project, job })))
export const readJobProgress = (project: string, job: string, offset: number) =>
  value(api.GET('/api/projects/{project}/jobs/{job}/progress', { params: { path: { project, job }, query: { offset } } }))
export const readModelReport = (project: string, job: string) =>
  exact<ModelReport>(api.GET('/api/projects/{project}/jobs/{job}/model', at({ project, job })))
export const readJobLog = (project: string, job: string) =>
  value(api.GET('/api/projects/{project}/jobs/{job}/log', at({ project, job })))
export const cancelJob = (project: string, job: string) =>
  exact<ProjectJob>(api.POST('/api/projects/{project}/jobs/{job}/cancel', at({ project, job })))

export const createInspection = (project: string, body: NewInspection) =>
  exact<InspectionView>(api.POST('/api/projects/{project}/inspections', { ...at({ project }), body }))
export const readInspection = (project: string, job: string) =>
  exact<InspectionView>(api.GET('/api/projects/{project}/inspections/{job}', at({ project, job })))
export const inspectionPicture = (project: string, job: string, picture: string) =>
  `/api/projects/${project}/inspections/${job}/pictures/${encodeURIComponent(picture)}`

export const listMapping = (project: string) => exact<MappingJobs>(api.GET('/api/projects/{project}/mapping', at({ project })))
export const createMapping = (project: string, body: NewMapping) =>
  exact<MappingJob>(api.POST('/api/projects/{project}/mapping', { ...at({ project }), body }))
export const readMappingLog = (project: string, job: string) =>
  value(api.GET('/api/projects/{project}/mapping/{job}/log', at({ project, job })))
export const cancelMapping = (project: string, job: string) =>
  exact<MappingJob>(api.POST('/api/projects/{project}/mapping/{job}/cancel', at({ project, job })))
export const readMappingResult = (project: string, job: string) =>
  exact<MappingResult>(api.GET('/api/projects/{project}/mapping/{job}/result', at({ project, job })))
export const readPackedSurface = (project: string, job: string, brain: string) =>
  readBlob(`/api/projects/${project}/mapping/${job}/surfaces/${brain}/packed`)

export const listPredictions = (project: string, section: number) =>
  exact<PredictionList>(api.GET('/api/projects/{project}/sections/{section}/predictions', at({ project, section: String(section) })))
export const readPredictionOutline = (project: string, prediction: string) =>
  exact<OutlineList>(api.GET('/api/projects/{project}/predictions/{prediction}/outline', at({ project, prediction })))
export const readRaster = (project: string, prediction: string, kind: 'label' | 'confidence' | 'probability' | 'entropy') =>
  readBlob(`/api/projects/${project}/predictions/${prediction}/${kind}`)
export const reviewPrediction = (project: string, prediction: string, verdict: 'accepted' | 'rejected' | 'withdrawn', reason: string) =>
  exact<Prediction>(api.POST('/api/projects/{project}/predictions/{prediction}/review', { ...at({ project, prediction }), body: { verdict, reason } }))
export const correctPrediction = (project: string, prediction: string) =>
  exact<SavedAnnotation>(api.POST('/api/projects/{project}/predictions/{prediction}/correct', at({ project, prediction })))

export const listChanges = (project: string, after: number) =>
  value(api.GET('/api/projects/{project}/changes', { params: { path: { project }, query: { after } } }))
export const tellPresence = (project: string, page: string, section: number | null) =>
  value(api.PUT('/api/projects/{project}/presence', { ...at({ project }), body: { page, section } }))
export const leavePresence = (project: string, page: string) =>
  value(api.DELETE('/api/projects/{project}/presence/{page}', { ...at({ project, page }), keepalive: true }))
export const eventsUrl = (project: string, after: number) => `/api/projects/${project}/events?after=${after}`
