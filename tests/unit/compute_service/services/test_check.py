"""What the compute service finds out about itself."""

from pathlib import Path
from threading import Event

import pytest

from compute_service.poller import alone
from compute_service.services import check as module
from compute_service.services.check import SCHEDULER_NOTE, CheckService
from core.contracts.cluster import CheckedHop
from tests.fakes.brain_folder import write_small_brain


@pytest.fixture
def service(tmp_path: Path) -> CheckService:
    for name in ("brains", "jobs"):
        (tmp_path / name).mkdir()
    return CheckService(tmp_path / "brains", tmp_path / "jobs", "1.2", "local")


def hop(service: CheckService, name: str) -> CheckedHop:
    return next(hop for hop in service.report().hops if hop.hop == name)


def test_without_a_poller_jobs_are_not_moved_on(service: CheckService) -> None:
    told = hop(service, "poller")
    assert not told.holds
    assert "compute_service.poller" in told.remedy
    with alone(service.jobs, Event()):
        assert hop(service, "poller").holds


def test_a_scheduler_that_is_away_is_told_with_its_reason(service: CheckService) -> None:
    assert "not asked" in hop(service, "scheduler").found
    with alone(service.jobs, Event()):
        assert hop(service, "scheduler").found == "local answers"
    (service.jobs / SCHEDULER_NOTE).write_text("Unable to contact the controller")
    told = hop(service, "scheduler")
    assert not told.holds
    assert "Unable to contact the controller" in told.found


def test_the_disk_is_written_and_nothing_stays(service: CheckService, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hop(service, "disk").holds
    assert [path.name for path in service.jobs.iterdir()] == [".poller.lock"]
    monkeypatch.setattr(module, "LEAST_FREE_GB", 1e9)
    assert not hop(service, "disk").holds
    for path in service.jobs.iterdir():
        path.unlink()
    service.jobs.rmdir()
    assert "cannot be written" in hop(service, "disk").found


def test_brains_are_told_with_their_fingerprints_and_a_damaged_one_with_its_problem(service: CheckService) -> None:
    write_small_brain(service.brains)
    assert list(service.report().brains) == ["SMALL"]
    assert hop(service, "brains").holds
    (service.brains / "DAMAGED").mkdir()
    (service.brains / "DAMAGED" / "brain.json").write_text("{")
    told = hop(service, "brains")
    assert not told.holds
    assert "DAMAGED" in told.found


def test_a_package_that_is_missing_is_named(service: CheckService, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hop(service, "python").holds
    monkeypatch.setattr(module, "PACKAGES", ("torch", "no-such-package"))
    told = hop(service, "python")
    assert not told.holds
    assert "no-such-package" in told.found
