"""The backend as it is run: gunicorn and the monitor as processes, settings from the environment."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from backend.settings import from_environment
from backend.wiring import build
from core.contracts.api import NewProject
from tests.integration.backend.api import PASSWORD, SQUARE, P
from tests.integration.backend.conftest import SERVERS, NewDatabase
from tests.integration.backend.processes import ROOT, await_true, started, web_process

CONFIGURATION = ("-c", "python:backend.gunicorn_conf")
LOOK_FOR_TORCH = """
import sys
import backend.monitor
from backend.app import create_app
client = create_app().test_client()
assert client.get("/api/health").status_code == 200
client.post("/api/session", json={"name": "ada", "password": "correct horse"})
assert client.get("/api/projects/demo/training/hOc1").status_code == 200
print(sorted(name for name in sys.modules if name.split(".")[0] in ("torch", "matplotlib", "numba")))
"""


@dataclass
class Site:
    """A running backend and a logged-in client."""

    url: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    session: requests.Session

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@pytest.fixture(scope="module", params=["sqlite", *SERVERS])
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, brains_folder: Path
) -> dict[str, str]:
    """An installation with ada and the project demo."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "token").write_text("t" * 40)
    (folder / "webui" / "assets").mkdir(parents=True)
    (folder / "webui" / "index.html").write_text("<!doctype html><title>Brodmann</title>")
    (folder / "webui" / "assets" / "main-1a2b.js").write_text("void 0")
    found = {
        "BRODMANN_BRAINS": str(brains_folder),
        "BRODMANN_STORE": str(folder / "store"),
        "BRODMANN_COMPUTE_URL": "http://127.0.0.1:9",
        "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
        "BRODMANN_WEBUI": str(folder / "webui"),
        "MONGO_URI": "",
    }
    if request.param != "sqlite":
        new_database: NewDatabase = request.getfixturevalue("new_database")
        found["MONGO_URI"] = new_database(request.param)
    services = build(from_environment(found))
    services.accounts.add("ada", "Ada", PASSWORD)
    services.projects.create("ada", NewProject(id="demo", title="Demo", brain="SMALL", areas=("hOc1",)))
    services.close()
    return found


@pytest.fixture(scope="module")
def site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("logs") / "backend.log"
    with web_process("backend.app", environment, log, CONFIGURATION) as (url, process), requests.Session() as session:
        answer = session.post(f"{url}/api/session", json={"name": "ada", "password": PASSWORD}, timeout=30)
        session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield Site(url, process, environment, session)


def draw(site: Site, section: int) -> requests.Response:
    body = {"section": section, "area": "hOc1", "paths": SQUARE, "version": 0}
    return site.session.put(f"{site.url}{P}/annotations/{uuid4().hex}", json=body, timeout=30)


def test_no_process_that_serves_http_loads_torch(environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_TORCH],
        check=False,
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.strip() == "[]", answer.stderr


def test_both_workers_know_a_session_and_a_save(site: Site) -> None:
    assert len(site.workers()) == 2
    assert draw(site, 901).status_code == 200
    for _ in range(6):  # new connections, so that both workers get some
        answer = requests.get(f"{site.url}{P}/sections/901/annotations", cookies=site.session.cookies, timeout=30)
        assert len(answer.json()["annotations"]) == 1


def test_a_body_of_200_mb_is_refused_without_being_held_in_memory(site: Site, tmp_path: Path) -> None:
    def peak_kb() -> int:
        lines = [Path(f"/proc/{pid}/status").read_text() for pid in site.workers()]
        return max(int(text.split("VmHWM:")[1].split()[0]) for text in lines)

    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * (1 << 20)

    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(200 << 20)
    before_kb = peak_kb()
    for body, status, words in ((big.open("rb"), 413, "64 MB"), (chunks(), 411, "Content-Length")):
        url = f"{site.url}{P}/annotations/{uuid4().hex}"
        answer = site.session.put(url, data=body, headers={"Content-Type": "application/json"}, timeout=120)
        body.close()
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]["message"]
    assert peak_kb() - before_kb < 10 * 1024


def test_tiles_and_pages_are_served_with_their_cache_rules(site: Site) -> None:
    section = f"{site.url}/api/brains/SMALL/sections/901"
    version = site.session.get(f"{section}/pyramid", timeout=30).json()["version"]
    tile = site.session.get(f"{section}/tiles/{version}/0/1/1", timeout=30)
    assert (tile.status_code, tile.headers["Content-Type"]) == (200, "image/jpeg")
    assert tile.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    page = requests.get(f"{site.url}/p/demo/s/901", timeout=30)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-cache")
    assert "Brodmann" in page.text
    assert "immutable" in requests.get(f"{site.url}/assets/main-1a2b.js", timeout=30).headers["Cache-Control"]
    assert requests.get(f"{site.url}/assets/gone.js", timeout=30).status_code == 404
    assert requests.get(f"{site.url}/api/gone", timeout=30).json()["error"]["code"] == "not_found"


def test_changes_arrive_as_events_and_go_on_after_the_last_one_seen(site: Site) -> None:
    latest = site.session.get(f"{site.url}{P}/changes", timeout=30).json()["latest"]
    with site.session.get(f"{site.url}{P}/events", stream=True, timeout=30) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines).startswith("retry:")
        assert draw(site, 921).status_code == 200
        event = next(line for line in lines if line.startswith("data:") and '"seq"' in line)  # who is here is told without
    assert json.loads(event.removeprefix("data: "))["seq"] == latest + 1
    headers = {"Last-Event-ID": str(latest)}
    with site.session.get(f"{site.url}{P}/events", stream=True, timeout=30, headers=headers) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(line for line in lines if line.startswith("id:")) == f"id: {latest + 1}"


def test_the_monitor_waits_for_the_compute_service_and_stops_when_told(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "monitor.log"
    for section in (941, 961):
        draw(site, section)
    body = {"key": uuid4().hex, "area": "hOc1", "pairs": [[901, 961]], "preset": "tiny"}
    assert site.session.post(f"{site.url}{P}/tasks", json=body, timeout=60).status_code == 201
    with started(["-m", "backend.monitor"], site.environment, log) as monitor:
        await_true(lambda: "does not answer" in log.read_text(), "the monitor to notice")
        monitor.send_signal(signal.SIGTERM)
        assert monitor.wait(30) == 0
    job = site.session.get(f"{site.url}{P}/jobs", timeout=30).json()["jobs"][0]
    assert job["report"]["state"] == "created"


def test_an_open_event_stream_does_not_hold_up_stopping(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    with web_process("backend.app", environment, log, CONFIGURATION) as (url, process), requests.Session() as session:
        session.post(f"{url}/api/session", json={"name": "ada", "password": PASSWORD}, timeout=30)
        with session.get(f"{url}{P}/events", stream=True, timeout=60) as stream:
            lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
            assert next(lines).startswith("retry:")
            process.send_signal(signal.SIGTERM)
            assert any("changes of demo" in line for line in list(lines))  # to its end: it is ended, not cut
        assert process.wait(30) == 0
    assert "SIGKILL" not in log.read_text()


@pytest.mark.parametrize("module", ["backend.monitor"])
def test_a_wrong_environment_is_told_at_once_and_whole(module: str) -> None:
    wrong = {"BRODMANN_BRAINS": "/nowhere", "BRODMANN_STORE": "", "BRODMANN_COMPUTE_URL": "nonsense"}
    answer = subprocess.run(
        [sys.executable, "-m", module], check=False, env={**os.environ, **wrong}, cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 2
    for name in wrong:
        assert name in answer.stderr
