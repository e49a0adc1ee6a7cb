"""A backend under test: real services on a real store, with a compute service in memory, spoken to over HTTP."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.app import create_app
from backend.monitor import run_once
from backend.ports import Clock, DocumentStore
from backend.services.clock import SystemClock
from backend.settings import Settings
from backend.stores.blobs import FileBlobs
from backend.wiring import Outside, Services, assemble
from core.contracts.jobs import JobState, ResultState
from tests.fakes.compute_client import FakeComputeClient
from tests.fakes.predictions import disc, prediction_files

# Weak on purpose: the tests log in often and guess nothing.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse"
P = "/api/projects/demo"
SQUARE = [[[800, 800], [2400, 800], [2400, 2400], [800, 2400]]]
BOW_TIE = [[[800, 800], [2400, 2400], [2400, 800], [800, 2400]]]


@dataclass
class Person:
    """A logged-in browser."""

    client: FlaskClient
    csrf_token: str

    def get(self, path: str, **query: object) -> TestResponse:
        return self.client.get(path, query_string={name: str(value) for name, value in query.items()}, buffered=True)

    def send(self, method: str, path: str, body: object | None = None, **query: object) -> TestResponse:
        return self.client.open(
            path, method=method, json=body, headers={"X-CSRF-Token": self.csrf_token}, query_string=dict(query)
        )

    def read(self, path: str, **query: object) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def draw(self, section: int, paths: object = SQUARE, uid: str | None = None, version: int = 0) -> TestResponse:
        body = {"section": section, "area": "hOc1", "paths": paths, "version": version}
        return self.send("PUT", f"{P}/annotations/{uid or uuid4().hex}", body)

    def train(self, *pairs: tuple[int, int], key: str | None = None, **more: object) -> TestResponse:
        body = {"key": key or uuid4().hex, "area": "hOc1", "pairs": pairs, "preset": "tiny", **more}
        return self.send("POST", f"{P}/tasks", body)


class Backend:
    """Ada manages the project `demo` on the brain SMALL; Vera looks at it; Max knows nothing of it."""

    def __init__(self, store: DocumentStore, folder: Path, brains: Path, clock: Clock | None = None) -> None:
        self.compute = FakeComputeClient()
        blobs = FileBlobs(folder / "blobs")
        outside = Outside(store, blobs, self.compute, clock or SystemClock(), QUICK_HASHER)
        self.services: Services = assemble(outside, brains, b"s" * 32)
        settings = Settings(brains=brains, store=folder, secret_file=folder / "secret", webui=None)
        self.app = create_app(settings, self.services)
        for name in ("ada", "vera", "max"):
            self.services.accounts.add(name, name.title(), PASSWORD)
        ada = self.person("ada")
        project = {"id": "demo", "title": "Demo", "brain": "SMALL", "areas": ["hOc1", "hOc2"]}
        assert ada.send("POST", "/api/projects", project).status_code == 201
        assert ada.send("PUT", f"{P}/members/vera", {"role": "viewer"}).status_code == 200

    def person(self, name: str) -> Person:
        client = self.app.test_client()
        answer = client.post("/api/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Person(client, body_of(answer)["csrf_token"])

    def monitor(self, rounds: int = 3) -> None:
        for _ in range(rounds):
            run_once(self.services)

    def predicted(self, radius_px: float = 30.0) -> tuple[Person, list[dict[str, Any]]]:
        """Ada, after a training task on 901-961 ended: its predictions on 921 and 941."""
        ada = self.person("ada")
        assert ada.draw(901).status_code == 200
        assert ada.draw(961).status_code == 200
        run = body_of(ada.train((901, 961)))["runs"][0]
        self.compute.set(run["train_job"], JobState.SUCCEEDED, ResultState.READY)
        mask = disc(radius_px=radius_px)
        self.compute.finish(run["predict_job"], {**prediction_files(921, mask), **prediction_files(941, mask)})
        self.monitor()
        found = [ada.read(f"{P}/sections/{section}/predictions")["predictions"] for section in (921, 941)]
        return ada, [one for predictions in found for one in predictions]


def body_of(answer: TestResponse) -> Any:
    """What an answer says in JSON."""
    return answer.json


def error_of(answer: TestResponse, status: int) -> dict[str, Any]:
    """The error in an answer of this status; fails for any other."""
    assert answer.status_code == status, answer.text
    document = body_of(answer)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "message", "details"}
    assert document["error"]["message"]
    error: dict[str, Any] = document["error"]
    return error


def marks(backend: Backend) -> dict[int, dict[str, Any]]:
    """The filmstrip's marks by section and area, as ada sees them."""
    states = backend.person("ada").read(f"{P}/sections")["sections"]
    return {state["number"]: {mark["area"]: mark for mark in state["marks"]} for state in states}
