"""Looks inside models: a small job that draws what a model sees, finds and responds to at one place of a section."""

from importlib.metadata import version

from backend.domain.collections import JOBS
from backend.domain.definitions import VERBS, job_title
from backend.domain.errors import ConflictError, InvalidError, NotFoundError
from backend.domain.keys import derived_key
from backend.domain.permissions import Action
from backend.ports import BlobStore, Document, MissingDocumentError, VersionConflictError
from backend.services.brains import find_section
from backend.services.derived import Derived
from backend.services.dispatch import Dispatch
from backend.services.documents import read, write
from backend.services.inspected import DOCUMENT, inspection_blob
from backend.services.projects import Projects
from backend.services.records import Records
from core.contracts.api import InspectionView, NewInspection, ProjectJob
from core.contracts.datasets import Brain
from core.contracts.inspection import Inspection, InspectParameters
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobReport, JobState, Resources, ResultState
from core.contracts.projects import Project

TIME_LIMIT_S = 600


class Inspections:
    """The document of such a job holds its whole definition; dispatch, monitor and fetching do the rest."""

    def __init__(self, records: Records, blobs: BlobStore, projects: Projects, derived: Derived, dispatch: Dispatch) -> None:
        self._records = records
        self._blobs = blobs
        self._projects = projects
        self._derived = derived
        self._dispatch = dispatch

    def create(self, user: str, project_id: str, new: NewInspection) -> InspectionView:
        """Start a look; the same key again gives the same one. NotFoundError and InvalidError say in words why not."""
        project = self._projects.get(user, project_id, Action.INSPECT)
        key = derived_key("inspection", project_id, new.key)
        wanted = InspectParameters(model_job=new.model_job, section=new.section, centre_um=new.centre_um)
        try:
            job = self._document(project_id, key)
        except NotFoundError:
            job = self._stored(user, project, key, wanted)
        if read(ProjectJob, job).inspects != wanted:
            raise ConflictError(f"The key {new.key} belongs to another look already. Start again with a new key.")
        self._dispatch.start([job["id"]])
        return self.get(user, project_id, key)

    def get(self, user: str, project_id: str, key: str) -> InspectionView:
        """A look and, once they are here, its results; NotFoundError."""
        self._projects.get(user, project_id)
        job = self._document(project_id, key)
        return InspectionView(job=read(ProjectJob, job), inspection=self._inspection(project_id, key))

    def picture(self, user: str, project_id: str, key: str, name: str) -> bytes:
        """One of a look's pictures as PNG; NotFoundError for one it does not name."""
        found = self.get(user, project_id, key).inspection
        if found is None or name not in found.files:
            raise NotFoundError(f"The look {key} has no picture {name[:100]}.")
        return self._blobs.read(inspection_blob(project_id, key, name))

    def _inspection(self, project_id: str, key: str) -> Inspection | None:
        try:
            return Inspection.model_validate_json(self._blobs.read(inspection_blob(project_id, key, DOCUMENT)))
        except FileNotFoundError:
            return None

    def _stored(self, user: str, project: Project, key: str, wanted: InspectParameters) -> Document:
        model = self._model(project.id, wanted.model_job)
        brain = self._projects.brain(project)
        _check_place(brain, wanted)
        report = read(JobReport, model["report"])
        definition = JobDefinition(
            key=key,
            title=f"{job_title(model['area'], model['sections'], 'inspect')} at section {wanted.section}",
            parameters=wanted,
            inputs=JobInputs(brain=BrainReference(id=brain.id, fingerprint=self._derived.folder(brain.id).fingerprint())),
            after=(report.key,),
            resources=Resources(time_limit_s=TIME_LIMIT_S),
            code_version=version("brodmann"),
            submitted_by=user,
        )
        try:
            job = self._records.store.put(
                JOBS, f"{project.id}/{key}", _new_job(project.id, model, definition, wanted, self._records), expected=0
            )
        except VersionConflictError:
            return self._document(project.id, key)  # asked for twice at once
        self._records.changes.tell(project.id, "job", key, section=wanted.section, author=user)
        return job

    def _model(self, project_id: str, key: str) -> Document:
        """The training job whose model it is; InvalidError while there is none to look into."""
        job = self._document(project_id, key)
        report = read(JobReport, job["report"])
        if report.kind != "train":
            raise InvalidError(f"“{report.title}” trains no model to look into. Choose a training job.", code="no_model")
        if report.state != JobState.SUCCEEDED:
            raise InvalidError(
                f"“{report.title}” is {report.state.value}, so there is no model to look into. Choose one that succeeded.",
                code="no_model",
            )
        return job

    def _document(self, project_id: str, key: str) -> Document:
        try:
            job = self._records.store.get(JOBS, f"{project_id}/{key}")
        except MissingDocumentError:
            raise NotFoundError(f"Project {project_id} has no job {key}.") from None
        if job["kind"] not in VERBS:
            raise NotFoundError(f"The job {key} belongs to no training task, so there is no model to look into.")
        return job


def _check_place(brain: Brain, wanted: InspectParameters) -> None:
    section = find_section(brain, wanted.section)
    sides_um = section.width_px * brain.pixel_size_um, section.height_px * brain.pixel_size_um
    if not all(0 <= place <= side for place, side in zip(wanted.centre_um, sides_um, strict=True)):
        x_um, y_um = wanted.centre_um
        raise InvalidError(
            f"({x_um:.0f}, {y_um:.0f}) µm lies outside section {section.number}. Choose a place on it.", code="off_the_section"
        )


def _new_job(
    project_id: str, model: Document, definition: JobDefinition, wanted: InspectParameters, records: Records
) -> Document:
    now = records.clock.now()
    report = JobReport(
        key=definition.key,
        kind="inspect",
        title=definition.title,
        state=JobState.CREATED,
        result_state=ResultState.WAITING,
        created_at=now,
    )
    return {
        "id": f"{project_id}/{definition.key}",
        "project": project_id,
        **{name: model[name] for name in ("task", "area", "sections", "index")},
        "author": definition.submitted_by,
        "kind": "inspect",
        "stage": "submit",
        "created_at": now.isoformat(),
        "inspects": write(wanted),
        "definition": write(definition),
        "report": write(report),
    }
