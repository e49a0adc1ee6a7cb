"""A real sshd for a module, and a service behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backend.clients.ssh.link import Link
from brodmann.lab.sshd import SshdLab
from tests.integration.backend.ssh.remote import Remote, remote_service
from tests.integration.backend.ssh.way import link_to, session_over


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshdLab]:
    with SshdLab(tmp_path_factory.mktemp("ssh") / "lab") as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: SshdLab) -> Iterator[SshdLab]:
    yield shared_lab
    shared_lab.stop_sessions()
    shared_lab.allow("")


@pytest.fixture(params=["unix socket", "port"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    with remote_service(tmp_path / "http.sock" if request.param == "unix socket" else None) as remote:
        yield remote


@pytest.fixture
def port() -> Iterator[Remote]:
    with remote_service() as remote:
        yield remote


@pytest.fixture
def link(lab: SshdLab, remote: Remote) -> Iterator[Link]:
    link = link_to(lab, remote)
    yield link
    link.close()


@pytest.fixture
def session(link: Link) -> Iterator[requests.Session]:
    with session_over(link) as session:
        yield session
