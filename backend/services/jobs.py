"""Jobs as a project's people see them."""

from pydantic import ValidationError

from backend.domain.collections import JOBS
from backend.domain.definitions import VERBS
from backend.domain.errors import ComputeRefusedError, NotFoundError, UnreadableDataError
from backend.domain.permissions import Action
from backend.ports import ComputeClient, Document, MissingDocumentError, Query
from backend.services.dispatch import Dispatch
from backend.services.documents import read
from backend.services.projects import Projects
from backend.services.records import Records
from core.contracts.api import JobList, JobLog, JobProgress, ProjectJob
from core.contracts.jobs import JobState
from core.contracts.training import ModelReport

REPORT_FILE = "report.json"


class Jobs:
    """Lists jobs as last told; progress and logs are asked of the compute service at once."""

    def __init__(self, records: Records, compute: ComputeClient, projects: Projects, dispatch: Dispatch) -> None:
        self._store = records.store
        self._compute = compute
        self._projects = projects
        self._dispatch = dispatch

    def all(self, user: str, project_id: str) -> JobList:
        """The jobs of a project's tasks, newest task first, within a task in the order in which they run."""
        self._projects.get(user, project_id)
        everything = self._store.find(JOBS, Query({"project": project_id}, order_by="created_at", descending=True))
        order = list(VERBS)
        found = [job for job in everything if job["kind"] in order]
        found.sort(key=lambda job: (job["index"], order.index(job["kind"])))
        found.sort(key=lambda job: str(job["created_at"]), reverse=True)
        return JobList(jobs=tuple(read(ProjectJob, job) for job in found))

    def get(self, user: str, project_id: str, key: str) -> ProjectJob:
        """One job; NotFoundError."""
        self._projects.get(user, project_id)
        return read(ProjectJob, self._of_task(project_id, key))

    def progress(self, user: str, project_id: str, key: str, offset: int) -> JobProgress:
        """Progress lines from `offset` on; none while the job is not sent."""
        self._projects.get(user, project_id)
        if self._document(project_id, key)["stage"] == "submit":
            return JobProgress(lines=(), next_offset=offset)
        return self._compute.progress(key, offset)

    def log(self, user: str, project_id: str, key: str) -> JobLog:
        """The end of the job's log; empty while the job is not sent."""
        self._projects.get(user, project_id)
        if self._document(project_id, key)["stage"] == "submit":
            return JobLog(text="", truncated=False)
        return self._compute.log(key)

    def model_report(self, user: str, project_id: str, key: str) -> ModelReport:
        """How good the model of a training job is; NotFoundError before it is there, and where there never was one."""
        self._projects.get(user, project_id)
        job = read(ProjectJob, self._of_task(project_id, key)).report
        if job.kind != "train":
            raise NotFoundError(f"The job “{job.title}” trains no model. Ask for the training job it follows.", code="no_model")
        if job.state != JobState.SUCCEEDED:
            raise NotFoundError(
                f"The model of “{job.title}” is not there: the job is {job.state.value}. It is reported once it has succeeded.",
                code="no_model",
            )
        try:
            return ModelReport.model_validate_json(self._compute.result(key, REPORT_FILE))
        except ComputeRefusedError as error:
            if error.details.get("status") != 404:
                raise
            raise NotFoundError(
                f"“{job.title}” left no report: it ran with an older release, or its results were deleted. Train again.",
                code="no_report",
            ) from error
        except ValidationError as error:
            raise UnreadableDataError(f"The report of “{job.title}” cannot be read: {error}") from error

    def cancel(self, user: str, project_id: str, key: str) -> ProjectJob:
        """Stop a job; a job that has ended stays as it is."""
        self._projects.get(user, project_id, Action.TRAIN)
        return read(ProjectJob, self._dispatch.cancel(self._of_task(project_id, key)))

    def _of_task(self, project_id: str, key: str) -> Document:
        job = self._document(project_id, key)
        if job["kind"] not in VERBS:
            raise NotFoundError(f"The job {key} belongs to no training task. The project's page of maps has it.")
        return job

    def _document(self, project_id: str, key: str) -> Document:
        try:
            return self._store.get(JOBS, f"{project_id}/{key}")
        except MissingDocumentError:
            raise NotFoundError(f"Project {project_id} has no job {key}.") from None
