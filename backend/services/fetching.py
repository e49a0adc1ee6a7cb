"""Brings the results of ended jobs in, some at a time, by the function for the job's kind."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from backend.domain.collections import JOBS
from backend.domain.errors import BackendError, ComputeRefusedError, ComputeUnreachableError, StoreUnavailableError
from backend.domain.mapping import MAPPING_KINDS
from backend.ports import Document, DocumentStore, Query
from backend.services.dispatch import FINAL_REFUSALS, Dispatch
from backend.services.documents import read
from core.contracts.jobs import JobReport, ResultState

LOG = logging.getLogger(__name__)
ATTEMPTS = 5
# A job on thousands of sections must not hold up the jobs of everybody else.
SECTIONS_AT_ONCE = 32
TOP, PREDICTIONS = PurePosixPath(), PurePosixPath("predictions")
FOLDERS: Mapping[str, tuple[PurePosixPath, ...]] = {
    "predict": (PREDICTIONS,),
    "inspect": (TOP,),
    "tissue": (PurePosixPath("tissue"),),
    "align": (TOP,),
    **dict.fromkeys(MAPPING_KINDS, (TOP,)),
    "graph": (TOP, PREDICTIONS),
}

Bring = Callable[[Document, JobReport, Sequence[PurePosixPath]], None]


class Fetching:
    """Doing it again after a crash writes the same things to the same places."""

    def __init__(self, store: DocumentStore, dispatch: Dispatch, bring: Mapping[str, Bring]) -> None:
        self._store = store
        self._dispatch = dispatch
        self._bring = bring

    def fetch_ready(self) -> None:
        """Fetch results of every job that has some. A job whose results stay unreadable is given up with the reason."""
        for job in self._store.find(JOBS, Query({"stage": "fetch"})):
            try:
                self._fetch(job)
            except ComputeUnreachableError:
                raise
            except (StoreUnavailableError, OSError) as error:  # a full disk is no fault of the results
                self._note(job, _waiting, str(error))
            except BackendError as error:
                self._note(job, _waiting if _may_pass(error) else _tried, error.message)
            except Exception as error:  # the process boundary: one job's results must not keep back those of all others
                LOG.exception("results of job %s", job["id"])
                self._note(job, _tried, f"the backend made a mistake ({type(error).__name__}: {error}). Its log says more.")

    def _note(self, job: Document, after: Callable[..., Document], reason: str) -> None:
        if self._dispatch.change(job, partial(after, reason=reason)) != job:  # said once while it lasts
            LOG.warning("results of job %s: %s", job["id"], reason)

    def _fetch(self, job: Document) -> None:
        report = read(JobReport, job["report"])
        names = (PurePosixPath(path) for path in sorted(report.results))
        places = [place for place in names if place.parent in FOLDERS[report.kind] and place.suffix == ".json"]
        first = int(job.get("fetched", 0))
        some = places[first : first + SECTIONS_AT_ONCE]
        self._bring[report.kind](job, report, some)
        fetched = first + len(some)
        self._dispatch.change(job, partial(_brought, fetched=fetched, is_all=fetched >= len(places)))


def _may_pass(error: BackendError) -> bool:
    """Whether it is no fault of the results: a wrong token, or a mistake or a full disk over there."""
    return isinstance(error, ComputeRefusedError) and error.details.get("status", 400) not in FINAL_REFUSALS


def _brought(job: Document, fetched: int, is_all: bool) -> Document:
    report = {**job["report"], "reason": job.get("reason_before", job["report"]["reason"])}
    return {**job, "stage": "done" if is_all else "fetch", "fetched": fetched, "tried": 0, "report": report}


def _waiting(job: Document, reason: str) -> Document:
    return _with_reason(job, f"The results wait: {reason}")


def _tried(job: Document, reason: str) -> Document:
    tried = int(job.get("tried", 0)) + 1
    job = {**_with_reason(job, f"The results could not be fetched: {reason}"), "tried": tried}
    if tried < ATTEMPTS:
        return job
    return {**job, "stage": "done", "report": {**job["report"], "result_state": ResultState.UNAVAILABLE}}


def _with_reason(job: Document, reason: str) -> Document:
    """What the compute service said of the job is told again once the results are in."""
    before = job.get("reason_before", job["report"]["reason"])
    return {**job, "reason_before": before, "report": {**job["report"], "reason": reason}}
