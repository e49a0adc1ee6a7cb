"""The real backend and pages before a compute service in memory, whose jobs end when and as the test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from werkzeug.serving import WSGIRequestHandler, make_server

from backend.app import create_app
from backend.settings import Settings
from backend.stores.sqlite import SqliteStore
from core.contracts.jobs import JobState
from tests.e2e.conftest import REPOSITORY, await_result
from tests.fakes.brain_folder import write_small_brain
from tests.integration.backend.api import PASSWORD, SQUARE, Backend, P, Person

SECTIONS = (901, 921, 941, 961)


@dataclass
class MappingSite:
    """Ada's project `demo` on SMALL, a brain of noise; there is another such brain, OTHER."""

    url: str
    backend: Backend
    user: str = "ada"
    password: str = PASSWORD

    def ada(self) -> Person:
        """Ada, who speaks to the backend beside her page."""
        return self.backend.person("ada")

    def annotate(self, *areas: str) -> None:
        """A square of each area on the first and the last section."""
        ada = self.ada()
        for area in areas:
            for section in (SECTIONS[0], SECTIONS[-1]):
                body = {"section": section, "area": area, "paths": SQUARE, "version": 0}
                assert ada.send("PUT", f"{P}/annotations/{uuid4().hex}", body).status_code == 200

    def newest(self, kind: str) -> dict[str, Any] | None:
        """The report of the newest job of a kind, once there is one."""
        jobs = self.ada().read(f"{P}/mapping")["jobs"]
        return next((job["report"] for job in jobs if job["report"]["kind"] == kind), None)

    def finish(self, kind: str, files: dict[str, bytes]) -> str:
        """Let the newest job of a kind, once it is there, succeed with these results, and the monitor fetch them; its key."""

        def begun() -> dict[str, Any] | None:
            found = self.newest(kind)
            return None if found is None or JobState(found["state"]).ended else found

        key: str = await_result(begun, f"a job of kind {kind}", 30)["key"]
        self.backend.compute.finish(key, files)
        self.backend.monitor()
        return key


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@contextmanager
def mapping_site(folder: Path, webui: Path = REPOSITORY / "webui" / "dist") -> Iterator[MappingSite]:
    """A site at a free port of this machine."""
    brains = folder / "brains"
    for name in ("SMALL", "OTHER"):
        write_small_brain(brains, name)
    backend = Backend(SqliteStore(folder / "test.sqlite3"), folder, brains)
    settings = Settings(brains=brains, store=folder, secret_file=folder / "secret", webui=webui)
    server = make_server("127.0.0.1", 0, create_app(settings, backend.services), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield MappingSite(f"http://127.0.0.1:{server.server_port}", backend)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        backend.services.close()
