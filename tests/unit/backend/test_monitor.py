"""Rounds of the monitor: a trouble is told once and stops nothing else."""

import logging
import threading

import pytest

from backend import monitor
from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from backend.monitor import run, run_once
from backend.wiring import Services
from tests.unit.backend.installation import Installation


def failing(monkeypatch: pytest.MonkeyPatch, services: Services, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(services.dispatch), "watch", fail)


def fetched(monkeypatch: pytest.MonkeyPatch, services: Services) -> list[str]:
    """Notes every time the last step is reached."""
    reached: list[str] = []
    monkeypatch.setattr(type(services.fetching), "fetch_ready", lambda _: reached.append("fetch"))
    return reached


def test_a_step_that_fails_does_not_keep_the_next_from_running(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reached = fetched(monkeypatch, installation.services)
    failing(monkeypatch, installation.services, RuntimeError("a mistake of ours"))
    assert run_once(installation.services) == ()
    assert "a mistake of ours" in caplog.text
    failing(monkeypatch, installation.services, ComputeRefusedError("wrong token"))
    assert run_once(installation.services) == ("wrong token",)
    assert reached == ["fetch", "fetch"]


def test_what_nobody_can_ask_for_any_more_is_removed_at_the_start(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, tidied = threading.Event(), []
    monkeypatch.setattr(type(installation.services.sessions), "forget_expired", lambda _: tidied.append("sessions"))

    def last(_: object) -> None:
        tidied.append("changes")
        stop.set()

    monkeypatch.setattr(type(installation.services.changes), "forget_old", last)
    run(installation.services, stop, pause_s=0.0)
    assert tidied == ["sessions", "changes"]


def test_without_the_compute_service_the_round_ends(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached = fetched(monkeypatch, installation.services)
    failing(monkeypatch, installation.services, ComputeUnreachableError("nobody there"))
    assert run_once(installation.services) == ("nobody there",)
    assert reached == []


def test_a_trouble_is_told_when_it_comes_and_when_it_goes(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = threading.Event()
    rounds = iter([(), ("away",), ("away",), (), ()])

    def once(_: Services) -> tuple[str, ...]:
        problems = next(rounds, None)
        if problems is None:
            stop.set()
            return ()
        return problems

    monkeypatch.setattr(monitor, "run_once", once)
    with caplog.at_level(logging.WARNING):
        run(installation.services, stop, pause_s=0.0)
    assert caplog.messages == ["away", "all is well again"]
