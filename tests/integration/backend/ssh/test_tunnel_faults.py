"""HTTP over channels of a real sshd that is killed, frozen and started again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from backend.clients.compute import HttpCompute
from backend.clients.ssh import transport
from backend.clients.ssh.adapter import BASE_URL
from backend.clients.ssh.errors import LinkError
from backend.clients.ssh.link import Link
from backend.domain.errors import ComputeUnreachableError
from brodmann.lab.sshd import SshdLab, sshd_missing
from tests.integration.backend.processes import await_true
from tests.integration.backend.ssh.remote import LARGE, Remote
from tests.integration.backend.ssh.way import get, link_to, session_over, through

pytestmark = pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())


def in_flight(session: requests.Session, path: str, remote: Remote, then: Callable[[], object]) -> BaseException | None:
    """The error of a request during whose answer something happens; None where it succeeds."""
    found: list[BaseException | None] = []

    def ask() -> None:
        try:
            get(session, path)
            found.append(None)
        except requests.RequestException as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert remote.half_sent.wait(30)
    then()
    thread.join(30)
    assert not thread.is_alive()
    return found[0]


def test_a_session_killed_in_mid_reply_is_an_error_and_the_next_request_logs_in_again(
    session: requests.Session, remote: Remote, lab: SshdLab
) -> None:
    assert isinstance(in_flight(session, "/half", remote, lab.stop_sessions), requests.RequestException)
    assert get(session, "/health").ok


def test_a_peer_that_fell_silent_is_noticed_and_left(lab: SshdLab, port: Remote) -> None:
    with through(lab, port) as session:
        try:
            error = in_flight(session, "/held", port, lab.freeze_sessions)
            assert isinstance(error, requests.ConnectionError)
            assert not isinstance(error, requests.Timeout)  # its own 30 s had not passed
            assert get(session, "/health").ok
        finally:
            lab.thaw_sessions()


def test_a_peer_that_falls_silent_during_an_upload_is_noticed(
    lab: SshdLab, port: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SILENT_AFTER_S", 1.0)

    def body() -> Iterator[bytes]:
        yield LARGE
        lab.freeze_sessions()
        for _ in range(200):
            yield LARGE

    with through(lab, port) as session:
        try:
            with pytest.raises(requests.ConnectionError):
                session.post(BASE_URL + "/jobs", data=body(), headers={"Content-Length": str(201 * len(LARGE))}, timeout=30)
            assert get(session, "/health").ok
        finally:
            lab.thaw_sessions()


def test_a_slow_answer_is_no_silent_peer(lab: SshdLab, port: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SILENT_AFTER_S", 1.0)
    monkeypatch.setattr(transport, "ASK_EVERY_S", 0.2)
    timer = threading.Timer(2.0, port.go_on.set)  # longer than a silent peer is borne
    with through(lab, port) as session:
        assert in_flight(session, "/held", port, timer.start) is None
    timer.join()


def test_an_idle_session_that_was_killed_is_replaced_without_an_error(
    session: requests.Session, link: Link, lab: SshdLab
) -> None:
    assert get(session, "/health").ok
    lab.stop_sessions()
    await_true(lambda: not link.is_connected, "the end to be noticed")
    assert session.post(BASE_URL + "/jobs", data=b"once", timeout=30).ok


def test_a_restarted_server_is_found_again(port: Remote, tmp_path: Path) -> None:
    with SshdLab(tmp_path / "lab") as lab:
        link = link_to(lab, port)
        with session_over(link) as session:
            assert get(session, "/health").ok
            lab.down()
            await_true(lambda: not link.is_connected, "the end to be noticed")
            with pytest.raises(requests.ConnectionError, match="No connection"):
                get(session, "/health")
            lab.up()
            assert get(session, "/health").ok
        link.close()


def test_threads_that_wait_for_a_login_share_its_failure(port: Remote, tmp_path: Path) -> None:
    with SshdLab(tmp_path / "lab") as lab:
        lab.known_hosts.write_text("")
        link = link_to(lab, port)
        start = threading.Barrier(8)

        def ask(_: int) -> str:
            start.wait()
            with pytest.raises(LinkError) as refused:
                link.open()
            return refused.value.hop

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(ask, range(8))) == {"host_key"}
        assert lab.log().count("Connection from") < 8


def test_while_sessions_are_killed_again_and_again_there_are_answers_and_named_errors_alone(lab: SshdLab, port: Remote) -> None:
    link = link_to(lab, port)
    compute, over, answers = HttpCompute("ssh://", None, link), threading.Event(), []

    def ask() -> list[object]:
        found: list[object] = []
        while not over.is_set():
            try:
                found.append(compute.scheduler())
                answers.append(None)
            except ComputeUnreachableError as error:
                found.append(error.details["sent"])
        return found

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(4)]
        try:
            for _ in range(25):
                before = len(answers)
                await_true(lambda before=before: len(answers) > before + 5, "answers")  # type: ignore[misc]
                lab.stop_sessions()
        finally:
            over.set()
        found = [answer for each in asking for answer in each.result()]
    assert {answer for answer in found if answer not in (True, False)} == {"remote"}
    assert compute.scheduler() == "remote"
    link.close()
