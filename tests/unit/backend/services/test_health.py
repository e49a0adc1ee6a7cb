"""The health, with a compute service in memory."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from threading import Barrier, Event
from typing import get_args

import pytest

from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from backend.domain.hops import REASONS, first_failing
from backend.services import health as module
from backend.services.health import HealthCheck
from core.contracts.cluster import CheckedHop, Hop, ServiceCheck
from tests.fakes.compute_client import FakeComputeClient
from tests.fakes.memory_store import MemoryStore


@pytest.fixture
def compute() -> FakeComputeClient:
    return FakeComputeClient()


@pytest.fixture
def health(compute: FakeComputeClient) -> HealthCheck:
    return HealthCheck(MemoryStore(), compute)


def test_all_is_well(health: HealthCheck) -> None:
    found = health.read()
    assert (found.status, found.compute, found.compute_hop, found.compute_reason) == ("ok", "reachable", None, "")


def test_an_unreachable_service_is_told_by_hop_and_without_addresses(
    health: HealthCheck, compute: FakeComputeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> ServiceCheck:
        raise ComputeUnreachableError("anna@login.example does not let us in with /etc/key", {"hop": "login"})

    monkeypatch.setattr(compute, "check", check)
    found = health.read()
    assert (found.status, found.compute, found.compute_hop) == ("degraded", "unreachable", "login")
    assert "does not let us log in" in found.compute_reason
    assert "login.example" not in found.compute_reason
    assert "/etc" not in found.compute_reason


@pytest.mark.parametrize(("status", "hop"), [(401, "token"), (404, "version"), (500, "service")])
def test_a_service_that_refuses_is_told_by_its_status(
    health: HealthCheck, compute: FakeComputeClient, monkeypatch: pytest.MonkeyPatch, status: int, hop: str
) -> None:
    def check() -> ServiceCheck:
        raise ComputeRefusedError("no", {"status": status})

    monkeypatch.setattr(compute, "check", check)
    assert health.read().compute_hop == hop


def test_what_the_service_finds_makes_the_health_degraded_and_reachable(
    health: HealthCheck, compute: FakeComputeClient
) -> None:
    good = CheckedHop(hop="poller", holds=True, found="")
    compute.hops = (good, CheckedHop(hop="scheduler", holds=False, found="node7 said no"))
    found = health.read()
    assert (found.status, found.compute, found.compute_hop) == ("degraded", "reachable", "scheduler")
    assert "node7" not in found.compute_reason


def test_it_asks_again_only_after_a_while(health: HealthCheck, compute: FakeComputeClient) -> None:
    assert health.read().status == "ok"
    compute.reachable = False
    assert health.read().status == "ok"


def test_while_one_asks_the_others_are_told_what_was_found_before(
    health: HealthCheck, compute: FakeComputeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.read().status == "ok"
    monkeypatch.setattr(module, "BELIEVED_S", 0.0)
    asked, answer = Event(), Event()

    def check() -> ServiceCheck:
        asked.set()
        assert answer.wait(30)
        raise ComputeUnreachableError("silent")

    monkeypatch.setattr(compute, "check", check)
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(health.read)
        assert asked.wait(30)
        assert health.read().status == "ok"
        answer.set()
        assert slow.result().compute_hop == "service"


def test_the_first_ones_wait_for_one_question(health: HealthCheck, compute: FakeComputeClient) -> None:
    start, check, asked = Barrier(4), compute.check, []

    def counted() -> ServiceCheck:
        asked.append(None)
        return check()

    compute.check = counted  # type: ignore[method-assign]

    def read(_: int) -> str:
        start.wait()
        return health.read().status

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(read, range(4))) == {"ok"}
    assert len(asked) == 1


def test_another_version_is_the_first_thing_told() -> None:
    check = ServiceCheck(
        version="0", scheduler="local", brains={}, hops=(CheckedHop(hop="disk", holds=False, found="full", remedy="free"),)
    )
    failing = first_failing(check, version("brodmann"))
    assert failing is not None
    assert failing.hop == "version"


def test_every_hop_has_words() -> None:
    assert set(REASONS) == set(get_args(Hop))
