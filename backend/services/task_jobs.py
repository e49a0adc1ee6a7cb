"""The jobs of training tasks: they follow from the stored task, here or, after a crash, in the monitor."""

import contextlib

from pydantic import TypeAdapter

from backend.domain.collections import JOBS, TASKS
from backend.domain.definitions import KINDS, Frozen, JobKind, definition, job_title
from backend.domain.errors import InvalidError, NotFoundError
from backend.ports import Document, DocumentStore, MissingDocumentError, Query, VersionConflictError
from backend.services.annotations import Annotations
from backend.services.dispatch import Dispatch
from backend.services.documents import read, write
from backend.services.records import Records
from core.contracts.jobs import JobDefinition, JobReport, JobState, ResultState
from core.contracts.projects import TrainingTask
from core.contracts.training import SegmentationSettings

FROZEN: TypeAdapter[Frozen] = TypeAdapter(Frozen)


class TaskJobs:
    """A task is stored first (stage `new`); making its jobs may be repeated and makes the same ones."""

    def __init__(self, records: Records, dispatch: Dispatch) -> None:
        self._records = records
        self._dispatch = dispatch

    def start(self, document_id: str) -> None:
        """Make a stored task's jobs and send them. When the compute service is away they wait for the monitor."""
        self._dispatch.start(self._make(document_id))

    def has_gpus(self) -> bool:
        """Whether they will run on GPUs."""
        return self._dispatch.has_gpus()

    def check_start(self, project_id: str, key: str, settings: SegmentationSettings) -> None:
        """InvalidError unless the job left a model in this project that a training with these settings can go on from."""
        try:
            job = self._records.store.get(JOBS, f"{project_id}/{key}")
            task = read(TrainingTask, self._records.store.get(TASKS, f"{project_id}/{job['task']}"))
        except MissingDocumentError:
            raise InvalidError(
                f"Project {project_id} has no job {key} to go on from. Choose one of its training jobs.", code="no_start_model"
            ) from None
        report = read(JobReport, job["report"])
        if report.kind != "train":
            against = "trains no model. Choose a training job."
        elif report.state != JobState.SUCCEEDED:
            against = f"is {report.state.value}, so it left no model to go on from. Choose one that succeeded."
        elif task.settings.architecture != settings.architecture:
            against = (
                f"trained a {task.settings.architecture}, and this training is of a {settings.architecture}. "
                "Choose settings of the same architecture, or start without a model."
            )
        else:
            return
        raise InvalidError(f"The job “{report.title}” {against}", code="no_start_model")

    def make_missing(self) -> None:
        """Make the jobs of tasks that a crash left behind."""
        for task in self._records.store.find(TASKS, Query({"stage": "new"})):
            self._make(f"{task['project']}/{task['id']}")

    def _make(self, document_id: str) -> list[str]:
        """The ids of the task's jobs, in the order in which they are sent; made where they are missing."""
        document = self._records.store.get(TASKS, document_id)
        task = read(TrainingTask, document)
        made: list[str] = []
        for index, run in enumerate(task.runs):
            for kind in KINDS:
                job = _new_job(task, index, kind, run.train_job if kind == "train" else run.predict_job)
                made.append(job["id"])
                try:
                    self._records.store.put(JOBS, job["id"], job, expected=0)
                except VersionConflictError:
                    continue  # made before
                self._records.changes.tell(task.project, "job", job["report"]["key"], author=task.author)
        if document["stage"] == "new":
            # The monitor and the request may both make them, and they are the same.
            with contextlib.suppress(VersionConflictError):
                self._records.store.put(TASKS, document_id, {**document, "stage": "unfolded"}, expected=document["version"])
        return made


def task_definition(store: DocumentStore, annotations: Annotations, job: Document) -> JobDefinition:
    """What is sent for a job of a task; NotFoundError when its task or an annotation is gone."""
    try:
        stored = store.get(TASKS, f"{job['project']}/{job['task']}")
    except MissingDocumentError:
        raise NotFoundError(f"The task {job['task']} it belongs to is gone.") from None
    task, frozen = read(TrainingTask, stored), FROZEN.validate_python(stored["frozen"])
    run = task.runs[job["index"]]
    used = [annotations.at_version(task.project, one.uid, one.version).frozen() for one in run.annotations]
    return definition(task, job["index"], job["kind"], frozen, used)


def _new_job(task: TrainingTask, index: int, kind: JobKind, key: str) -> Document:
    sections = task.runs[index].sections
    report = JobReport(
        key=key,
        kind=kind,
        title=job_title(task.area, sections, kind),
        state=JobState.CREATED,
        result_state=ResultState.WAITING,
        created_at=task.created_at,
    )
    return {
        "id": f"{task.project}/{key}",
        "project": task.project,
        "task": task.id,
        "area": task.area,
        "sections": list(sections),
        "author": task.author,
        "index": index,
        "kind": kind,
        "stage": "submit",
        "created_at": task.created_at.isoformat(),
        "report": write(report),
    }
