"""Jobs of features and graphs in a project: started once, watched, stopped, and what they found."""

from collections.abc import Callable
from importlib.metadata import version

import safetensors.numpy
from pydantic import TypeAdapter

from backend.domain.collections import JOBS
from backend.domain.errors import ConflictError, NotFoundError
from backend.domain.keys import derived_key
from backend.domain.mapping import MAPPING_KINDS, TIME_LIMIT_S, needed_jobs, title
from backend.domain.permissions import Action
from backend.ports import BlobStore, ComputeClient, Document, MissingDocumentError, Query, VersionConflictError
from backend.services.annotations import Annotations
from backend.services.dispatch import Dispatch
from backend.services.documents import read, write
from backend.services.mapped import packed_blob, result_blob, surface_blob
from backend.services.mapping_inputs import FROZEN, FrozenBrain, MappingInputs, job_inputs
from backend.services.records import Records
from core.contracts.api import JobLog
from core.contracts.api_mapping import MappingJob, MappingJobs, MappingParameters, MappingResult, NewMapping
from core.contracts.jobs import JobDefinition, JobReport, JobState, Resources, ResultState
from core.contracts.mapping_presets import MAPPING_PRESETS
from core.contracts.projects import Project
from core.formats.packed_surface import packed_surface

PARAMETERS: TypeAdapter[MappingParameters] = TypeAdapter(MappingParameters)


class Mapping:
    """The document of such a job names what it froze; dispatch, monitor and fetching do the rest."""

    def __init__(
        self, records: Records, compute: ComputeClient, blobs: BlobStore, inputs: MappingInputs, dispatch: Dispatch
    ) -> None:
        self._records = records
        self._compute = compute
        self._blobs = blobs
        self._inputs = inputs
        self._dispatch = dispatch

    def all(self, user: str, project_id: str) -> MappingJobs:
        """The jobs of a project, newest first, and the presets for new ones."""
        self._inputs.project(user, project_id)
        query = Query({"project": project_id}, order_by="created_at", descending=True)
        found = (job for job in self._records.store.find(JOBS, query) if job["kind"] in MAPPING_KINDS)
        return MappingJobs(jobs=tuple(_shown(job) for job in found), presets=tuple(MAPPING_PRESETS.values()))

    def create(self, user: str, project_id: str, new: NewMapping) -> MappingJob:
        """Start a job; the same key again gives the same job. InvalidError says in words why not."""
        project = self._inputs.project(user, project_id, Action.TRAIN)
        key = derived_key("mapping", project_id, new.key)
        try:
            job = self._document(project_id, key)
        except NotFoundError:
            job = self._stored(user, project, key, new)
        if (job["parameters"], job["more_projects"]) != (write(new.parameters), list(new.more_projects)):
            raise ConflictError(f"The key {new.key} belongs to another job already. Start again with a new key.")
        self._dispatch.start([job["id"]])
        return _shown(self._document(project_id, key))

    def log(self, user: str, project_id: str, key: str) -> JobLog:
        """The end of the job's log; empty while the job is not sent."""
        self._inputs.project(user, project_id)
        if self._document(project_id, key)["stage"] == "submit":
            return JobLog(text="", truncated=False)
        return self._compute.log(key)

    def cancel(self, user: str, project_id: str, key: str) -> MappingJob:
        """Stop a job; a job that has ended stays as it is."""
        self._inputs.project(user, project_id, Action.TRAIN)
        return _shown(self._dispatch.cancel(self._document(project_id, key)))

    def result(self, user: str, project_id: str, key: str) -> MappingResult:
        """What an ended job found; NotFoundError before it is here."""
        self._inputs.project(user, project_id)
        job = self._document(project_id, key)
        try:
            return MappingResult.model_validate_json(self._blobs.read(result_blob(project_id, key)))
        except FileNotFoundError:
            report = read(JobReport, job["report"])
            state = "and its results are on their way" if report.state == JobState.SUCCEEDED else "so it has none yet"
            raise NotFoundError(
                f"The result of “{report.title}” is not there: the job is {report.state.value}, {state}.", code="no_result"
            ) from None

    def surface(self, user: str, project_id: str, key: str, brain: str) -> bytes:
        """The surface of one of the job's brains as safetensors; NotFoundError."""
        return self._surface(user, project_id, key, brain, surface_blob)

    def packed_surface(self, user: str, project_id: str, key: str, brain: str) -> bytes:
        """The same packed for a picture of it, made now where it came in before there was such a form; NotFoundError."""
        try:
            return self._surface(user, project_id, key, brain, packed_blob)
        except NotFoundError:
            content = self._surface(user, project_id, key, brain, surface_blob)
        packed = packed_surface(safetensors.numpy.load(content))
        self._blobs.write(packed_blob(project_id, key, brain), packed)
        return packed

    def _surface(self, user: str, project_id: str, key: str, brain: str, blob: Callable[[str, str, str], str]) -> bytes:
        self._inputs.project(user, project_id)
        job = self._document(project_id, key)
        if brain not in job["brains"]:
            raise NotFoundError(f"The job {key} is not about brain {brain[:64]}.")
        try:
            return self._blobs.read(blob(project_id, key, brain))
        except FileNotFoundError:
            raise NotFoundError(f"The job {key} left no surface of brain {brain}.", code="no_surface") from None

    def _stored(self, user: str, project: Project, key: str, new: NewMapping) -> Document:
        frozen = self._inputs.freeze(user, project, new)
        job = _new_job(user, project, key, new, frozen)
        now = self._records.clock.now()
        report = JobReport(
            key=key,
            kind=new.parameters.kind,
            title=title(new.parameters, job["brains"]),
            state=JobState.CREATED,
            result_state=ResultState.WAITING,
            created_at=now,
        )
        job = {**job, "created_at": now.isoformat(), "report": write(report)}
        try:
            stored = self._records.store.put(JOBS, job["id"], job, expected=0)
        except VersionConflictError:
            return self._document(project.id, key)  # asked for twice at once
        self._records.changes.tell(project.id, "job", key, author=user)
        return stored

    def _document(self, project_id: str, key: str) -> Document:
        try:
            job = self._records.store.get(JOBS, f"{project_id}/{key}")
        except MissingDocumentError:
            job = {"kind": None}
        if job["kind"] not in MAPPING_KINDS:
            raise NotFoundError(f"Project {project_id} has no job of features or graphs {key}.")
        return job


def mapping_definition(annotations: Annotations, job: Document) -> JobDefinition:
    """What is sent for such a job; NotFoundError when an annotation is gone."""
    parameters = PARAMETERS.validate_python(job["parameters"])
    report = read(JobReport, job["report"])
    return JobDefinition(
        key=report.key,
        title=report.title,
        parameters=parameters,
        inputs=job_inputs(annotations, FROZEN.validate_python(job["frozen"])),
        after=needed_jobs(parameters),
        resources=Resources(time_limit_s=TIME_LIMIT_S[parameters.kind]),
        code_version=job["code_version"],
        submitted_by=job["author"],
    )


def _shown(job: Document) -> MappingJob:
    """The job as people see it: its results wait until they are here; their names may be thousands and stay away."""
    report = read(JobReport, job["report"])
    known: dict[str, object] = {"results": ()}
    if job["stage"] == "fetch":
        # That the job itself is done is no reason to wait; why its results are not here yet is one.
        known |= {"result_state": ResultState.WAITING, "reason": report.reason if "reason_before" in job else ""}
    return MappingJob(
        report=report.model_copy(update=known),
        parameters=PARAMETERS.validate_python(job["parameters"]),
        brains=tuple(job["brains"]),
        author=job["author"],
    )


def _new_job(user: str, project: Project, key: str, new: NewMapping, frozen: tuple[FrozenBrain, ...]) -> Document:
    return {
        "id": f"{project.id}/{key}",
        "project": project.id,
        "task": key,  # predictions name the task they come from: here the job itself
        "index": 0,
        "author": user,
        "kind": new.parameters.kind,
        "stage": "submit",
        "brains": [each.brain.id for each in frozen],
        "parameters": write(new.parameters),
        "more_projects": list(new.more_projects),
        "frozen": FROZEN.dump_python(frozen, mode="json"),
        "code_version": version("brodmann"),
    }
