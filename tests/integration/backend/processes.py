"""Real processes of the backend for tests."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_true(question: Callable[[], bool], what: str) -> None:
    """Ask until the answer is yes; fail with words otherwise."""
    deadline = time.monotonic() + PATIENCE_S
    while not question():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s for {what}"
        time.sleep(0.05)


@contextmanager
def started(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process in its own group; at the end nothing of the group is left."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **environment, "OMP_NUM_THREADS": "1"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def web_process(
    application: str, environment: Mapping[str, str], log: Path, options: tuple[str, ...] = (), health: str = "/api/health"
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Gunicorn with an application on a free port: its address, once it answers, and its process."""
    url = f"http://127.0.0.1:{free_port()}"
    command = ["-m", "gunicorn", *options, "--bind", url.removeprefix("http://"), f"{application}:create_app()"]
    with started(command, environment, log) as process:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                requests.get(url + health, timeout=5)
            except (requests.ConnectionError, requests.Timeout):  # busy machines take long to start
                return False
            return True

        await_true(answers, f"{application}: {log.read_text()[-1000:]}")
        yield url, process
