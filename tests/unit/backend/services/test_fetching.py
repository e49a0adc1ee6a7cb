"""What goes wrong with one job's results is that job's alone."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest

from backend.domain.collections import JOBS
from backend.domain.errors import ComputeRefusedError
from backend.ports import Document
from backend.services.documents import read
from backend.services.fetching import ATTEMPTS, Fetching
from core.contracts.api import NewTask
from core.contracts.jobs import JobReport, JobState, ResultState
from tests.fakes.predictions import disc, prediction_files
from tests.unit.backend.installation import Installation


class Bringing:
    """Fails on one job; says which jobs it was asked for."""

    def __init__(self, fails_on: str, error: Exception) -> None:
        self.fails_on, self.error = fails_on, error
        self.brought: list[str] = []

    def __call__(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        if report.key == self.fails_on:
            raise self.error
        self.brought.append(report.key)


def ended(installation: Installation) -> list[str]:
    """The keys of two prediction jobs whose results are due."""
    keys = []
    for key in ("a", "b"):
        new = NewTask(key=key * 32, area="hOc1", pairs=((901, 961),), preset="tiny")
        run = installation.services.tasks.create("ada", "demo", new).runs[0]
        installation.compute.set(run.train_job, JobState.SUCCEEDED, ResultState.READY)
        installation.compute.finish(run.predict_job, prediction_files(921, disc()))
        keys.append(run.predict_job)
    installation.services.dispatch.watch()
    return keys


def report_of(installation: Installation, key: str) -> JobReport:
    return read(JobReport, installation.store.get(JOBS, f"demo/{key}")["report"])


@pytest.mark.parametrize("place", [0, 1])
def test_a_mistake_with_one_jobs_results_keeps_back_no_others(installation: Installation, place: int) -> None:
    keys = ended(installation)
    bringing = Bringing(keys[place], KeyError("grid"))
    fetching = Fetching(installation.store, installation.services.dispatch, {"predict": bringing})
    for _ in range(ATTEMPTS):
        fetching.fetch_ready()
    assert bringing.brought == [keys[1 - place]]
    given_up = report_of(installation, keys[place])
    assert (given_up.result_state, "KeyError" in given_up.reason) == (ResultState.UNAVAILABLE, True)


def test_results_wait_while_the_disk_is_full(installation: Installation) -> None:
    [first, second] = ended(installation)
    bringing = Bringing(first, OSError(28, "No space left on device"))
    fetching = Fetching(installation.store, installation.services.dispatch, {"predict": bringing})
    for _ in range(ATTEMPTS + 1):
        fetching.fetch_ready()
    assert bringing.brought == [second]
    waiting = report_of(installation, first)
    assert (waiting.result_state, "No space left" in waiting.reason) == (ResultState.READY, True)
    bringing.fails_on = ""
    fetching.fetch_ready()
    assert (bringing.brought, report_of(installation, first).reason) == ([second, first], "")


@pytest.mark.parametrize("status", [401, 500, 503])
def test_a_fault_of_the_service_over_there_is_no_fault_of_the_results(installation: Installation, status: int) -> None:
    [first, second] = ended(installation)
    bringing = Bringing(first, ComputeRefusedError("its disk is away", {"status": status}))
    fetching = Fetching(installation.store, installation.services.dispatch, {"predict": bringing})
    for _ in range(ATTEMPTS + 1):
        fetching.fetch_ready()
    waiting = report_of(installation, first)
    assert (waiting.result_state, waiting.reason) == (ResultState.READY, "The results wait: its disk is away")
    bringing.fails_on = ""
    fetching.fetch_ready()
    assert bringing.brought == [second, first]
