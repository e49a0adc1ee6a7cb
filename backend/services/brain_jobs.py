"""Jobs on a brain: tissue classes and alignment, outside any project."""

from importlib.metadata import version

from backend.domain.brain_work import PARAMETERS, images_of, resources, sections_in_words, title, wanted_sections
from backend.domain.collections import JOBS
from backend.domain.errors import ConflictError, NotFoundError
from backend.domain.keys import derived_key
from backend.ports import ComputeClient, Document, MissingDocumentError, Query
from backend.services.brain_lock import changing
from backend.services.derived import Derived
from backend.services.dispatch import Dispatch
from backend.services.documents import read, write
from backend.services.projects import Projects
from backend.services.records import Records
from core.contracts.api import BrainJob, BrainJobList, JobLog, NewBrainJob
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobReport, JobState, ResultState
from core.datasets import BrainFolder

MOST_LISTED = 50
UNFINISHED = ("submit", "watch", "fetch")


class BrainJobs:
    """The document of such a job holds its whole definition; dispatch, monitor and fetching do the rest."""

    def __init__(
        self, records: Records, compute: ComputeClient, projects: Projects, derived: Derived, dispatch: Dispatch
    ) -> None:
        self._records = records
        self._compute = compute
        self._projects = projects
        self._derived = derived
        self._dispatch = dispatch

    def all(self, brain_id: str) -> BrainJobList:
        """The newest jobs on a brain, newest first."""
        self._derived.folder(brain_id)
        query = Query({"brain": brain_id}, order_by="created_at", descending=True, limit=MOST_LISTED)
        return BrainJobList(jobs=tuple(_shown(found) for found in self._records.store.find(JOBS, query)))

    def create(self, user: str, brain_id: str, new: NewBrainJob) -> BrainJob:
        """Start a job; the same key again gives the same job. InvalidError and ConflictError say in words why not."""
        folder = self._derived.folder(brain_id)
        self._projects.require_on_brain(user, brain_id)
        key = derived_key("brain job", brain_id, new.key)
        with changing(folder):
            job = self._existing(brain_id, key, new) or self._stored(user, folder, key, new)
        self._dispatch.start([job["id"]])
        return _shown(self._document(brain_id, key))

    def log(self, brain_id: str, key: str) -> JobLog:
        """The end of the job's log; empty while the job is not sent."""
        if self._document(brain_id, key)["stage"] == "submit":
            return JobLog(text="", truncated=False)
        return self._compute.log(key)

    def cancel(self, user: str, brain_id: str, key: str) -> BrainJob:
        """Stop a job; what it computed so far is kept. A job that has ended stays as it is."""
        job = self._document(brain_id, key)
        self._projects.require_on_brain(user, brain_id)
        return _shown(self._dispatch.cancel(job))

    def _existing(self, brain_id: str, key: str, new: NewBrainJob) -> Document | None:
        try:
            job = self._document(brain_id, key)
        except NotFoundError:
            return None
        if (job["kind"], tuple(job["asked"])) != (new.kind, new.sections):
            raise ConflictError(f"The key {new.key} belongs to another job already. Start again with a new key.")
        return job

    def _stored(self, user: str, folder: BrainFolder, key: str, new: NewBrainJob) -> Document:
        """The new job, stored while no other can be: two that overlap would compute the same twice."""
        brain = folder.brain
        done = self._derived.with_tissue(brain.id) if new.kind == "tissue" else self._derived.aligned(brain.id)
        sections = wanted_sections(brain, new.kind, new.sections, done)
        self._check_free(brain.id, new, sections)
        definition = JobDefinition(
            key=key,
            title=title(new.kind, sections),
            parameters=PARAMETERS[new.kind](sections=sections),
            inputs=JobInputs(brain=BrainReference(id=brain.id, fingerprint=folder.fingerprint())),
            resources=resources(sections),
            code_version=version("brodmann"),
            submitted_by=user,
        )
        about = {"sections": list(sections), "images": images_of(brain, new.kind, sections)}
        job = {**_new_job(brain.id, new, definition, self._records), **about}
        return self._records.store.put(JOBS, job["id"], job, expected=0)

    def _check_free(self, brain_id: str, new: NewBrainJob, sections: tuple[int, ...]) -> None:
        for stage in UNFINISHED:
            for job in self._records.store.find(JOBS, Query({"stage": stage})):
                if job.get("brain") != brain_id or job["kind"] != new.kind:
                    continue
                if shared := sorted(set(sections) & set(job["sections"])):
                    report = read(JobReport, job["report"])
                    raise ConflictError(
                        f"The job “{report.title}”, started by {job['author']}, works on section {sections_in_words(shared)} "
                        "already. Wait for its end, stop it, or name other sections.",
                        {"job": report.key, "sections": shared},
                        code="already_running",
                    )

    def _document(self, brain_id: str, key: str) -> Document:
        try:
            return self._records.store.get(JOBS, f"brain:{brain_id}/{key}")
        except MissingDocumentError:
            raise NotFoundError(f"Brain {brain_id} has no job {key}.") from None


def _shown(job: Document) -> BrainJob:
    """The job as people see it: its results wait until they are in the brain; their names may be thousands and stay away."""
    shown = read(BrainJob, job)
    known = {"results": ()} | ({"result_state": ResultState.WAITING} if job["stage"] == "fetch" else {})
    return shown.model_copy(update={"report": shown.report.model_copy(update=known)})


def stored_definition(job: Document) -> JobDefinition:
    """What is sent for a job on a brain, or for a look inside a model: what was stored with it."""
    return JobDefinition.model_validate(job["definition"])


def _new_job(brain_id: str, new: NewBrainJob, definition: JobDefinition, records: Records) -> Document:
    now = records.clock.now()
    report = JobReport(
        key=definition.key,
        kind=new.kind,
        title=definition.title,
        state=JobState.CREATED,
        result_state=ResultState.WAITING,
        created_at=now,
    )
    return {
        "id": f"brain:{brain_id}/{definition.key}",
        "brain": brain_id,
        "asked": list(new.sections),
        "author": definition.submitted_by,
        "index": 0,
        "kind": new.kind,
        "stage": "submit",
        "created_at": now.isoformat(),
        "definition": write(definition),
        "report": write(report),
    }
