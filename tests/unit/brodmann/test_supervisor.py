"""The supervisor keeps services running and leaves none behind."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brodmann.supervisor import Service, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def await_true(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.stop()


def service(folder: Path, name: str = "sleeper", argv: list[str] | None = None) -> Service:
    return Service(name=name, argv=argv or SLEEPER, environment={"SEEN": "yes"}, log_file=folder / f"{name}.log")


def test_a_killed_service_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path))
    first = supervisor.pids()["sleeper"]
    os.kill(first, signal.SIGKILL)

    def restarted() -> bool:
        supervisor.tend()
        return supervisor.pids()["sleeper"] != first

    await_true(restarted)
    assert is_running(supervisor.pids()["sleeper"])


def test_stop_ends_every_service(tmp_path: Path) -> None:
    supervisor = Supervisor()
    for name in ("one", "two"):
        supervisor.start(service(tmp_path, name))
    pids = list(supervisor.pids().values())
    supervisor.stop()
    assert [pid for pid in pids if is_running(pid)] == []


def test_a_service_that_ignores_the_request_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brodmann.supervisor.STOP_GRACE_S", 0.2)
    stubborn = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    supervisor = Supervisor()
    supervisor.start(service(tmp_path, argv=[sys.executable, "-c", stubborn]))
    pid = supervisor.pids()["sleeper"]
    await_true(lambda: "deaf" in (tmp_path / "sleeper.log").read_text())
    supervisor.stop()
    assert not is_running(pid)


def test_a_service_writes_its_log_and_sees_its_environment(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path, argv=[sys.executable, "-c", "import os; print(os.environ['SEEN'])"]))
    await_true(lambda: "yes" in (tmp_path / "sleeper.log").read_text())
    assert "yes" in (tmp_path / "sleeper.log").read_text()
