"""The whole product on the tiny phantom, started by the same command a user types."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
import requests

T = TypeVar("T")
REPOSITORY = Path(__file__).parents[2]
LOGIN_LINE = re.compile(r"Brodmann is at (http://\S+) - log in as (\w+) (?:with password (\S+?)\. )?")


def await_result(question: Callable[[], T | None], what: str, timeout_s: float = 120.0) -> T:
    """Ask until the answer is there; fail with words otherwise."""
    deadline = time.monotonic() + timeout_s
    while (answer := question()) is None or answer is False:
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}"
        time.sleep(0.1)
    return answer


@dataclass(frozen=True, slots=True)
class Product:
    """A running installation."""

    url: str
    user: str
    password: str
    data: Path
    process: subprocess.Popen[str]

    def pids(self) -> dict[str, int]:
        """Process id of each service."""
        return {name: int(pid) for name, pid in json.loads((self.data / "services.json").read_text()).items()}

    def api(self) -> "Api":
        """A logged-in client of the API."""
        return Api(self)


class Api:
    """The API as a program uses it; asks again while a service is being restarted."""

    def __init__(self, product: Product) -> None:
        self._url = product.url
        self._session = requests.Session()
        answer = self.call("POST", "/api/session", json={"name": product.user, "password": product.password})
        self._session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        """One request; repeated while nobody answers."""

        def ask() -> requests.Response | None:
            try:
                answer = self._session.request(method, self._url + path, timeout=30, **options)  # type: ignore[arg-type]
            except requests.ConnectionError:
                return None
            return None if answer.status_code in (502, 503) else answer

        return await_result(ask, f"an answer to {method} {path}")

    def get(self, path: str) -> dict[str, object]:
        """The JSON at a path; anything but 200 fails."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert isinstance(document, dict)
        return document


UP = ("up", "--demo", "--demo-preset", "tiny")
CLUSTER_DEMO = ("cluster", "demo", "--tiny")


def start_product(data: Path, password: str = "", how: Sequence[str] = UP) -> Product:
    """The command on the tiny phantom and a free port; the password is told at the first start only."""
    command = [sys.executable, "-m", "brodmann", *how, "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    match = LOGIN_LINE.search(line)
    assert match, f"`brodmann {' '.join(how)}` said {line!r}"
    url, user, told = match.groups()
    return Product(url=url, user=user, password=password or told, data=data, process=process)


def stop_product(product: Product) -> None:
    """Ctrl-C."""
    product.process.send_signal(signal.SIGINT)
    product.process.wait(60)
    if product.process.stdout is not None:
        product.process.stdout.close()


@dataclass(frozen=True, slots=True)
class Installation:
    """What a first start has made: the brain, its tissue and alignment, the project and the account."""

    data: Path
    password: str

    def start(self, data: Path, how: Sequence[str] = UP) -> Product:
        """A copy of it, running."""
        shutil.copytree(self.data, data)
        return start_product(data, self.password, how)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The first start, made once: it draws the phantom and computes for most of the time that a test would wait."""
    data = tmp_path_factory.mktemp("installation") / "data"
    first = start_product(data)
    stop_product(first)
    return Installation(data=data, password=first.password)


@pytest.fixture
def product(installation: Installation, tmp_path: Path) -> Iterator[Product]:
    """An installation of its own with the tiny phantom's project."""
    running = installation.start(tmp_path / "data")
    yield running
    stop_product(running)


@pytest.fixture(scope="module")
def shared_product(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One installation for a module's tests that leave no traces on one another's sections."""
    running = installation.start(tmp_path_factory.mktemp("shared") / "data")
    yield running
    stop_product(running)
