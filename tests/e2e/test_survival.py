"""Killed at any moment, the product recovers by itself: no annotation and no job is lost or doubled."""

import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from core.contracts.presets import PRESETS
from tests.e2e.conftest import Api, Product, await_result

PROJECT = "/api/projects/demo"


def square_um(offset_um: float) -> list[list[list[float]]]:
    low, high = 100.0 + offset_um, 400.0 + offset_um
    return [[[low, low], [high, low], [high, high], [low, high]]]


def runner_pids(job: str) -> list[int]:
    """Processes that run this job, found as a person would find them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "compute_service.runner" in words and any(job in word for word in words):
                found.append(int(entry.name))
    return found


def save(api: Api, uid: str, section: int, version: int) -> int:
    """Save a region that moves with every version; the new version."""
    body = {
        "section": section,
        "area": "hOc1",
        "paths": square_um(10.0 * version),
        "version": version,
        "source": {"kind": "drawn"},
    }
    answer = api.call("PUT", f"{PROJECT}/annotations/{uid}", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["annotation"]["version"])


@pytest.mark.timeout(600)
def test_killing_every_process_loses_and_doubles_nothing(product: Product) -> None:
    api = product.api()
    offer = api.get(f"{PROJECT}/training/hOc1")
    pair = offer["pairs"][0]  # type: ignore[index]
    between = pair["sections_between"]
    # Long enough that every process can be killed while it trains.
    settings = PRESETS["tiny"].settings.model_copy(update={"iterations": 4 * PRESETS["tiny"].settings.iterations})
    task = {
        "key": uuid4().hex,
        "area": "hOc1",
        "pairs": [pair["sections"]],
        "preset": "tiny",
        "settings": settings.model_dump(mode="json"),
    }
    started = api.call("POST", f"{PROJECT}/tasks", json=task)
    assert started.status_code == 201, started.text
    run = started.json()["runs"][0]

    def progressed() -> bool:
        report = api.get(f"{PROJECT}/jobs/{run['train_job']}")["report"]
        assert report["state"] in ("created", "submitted", "running"), report  # type: ignore[index]
        progress = report["progress"]  # type: ignore[index]
        return progress is not None and progress["loss"] is not None

    await_result(progressed, "the training's first loss")
    uid, version = uuid4().hex, 0
    section = between[0]
    for name in ("backend", "monitor", "compute", "poller"):
        version = save(api, uid, section, version)
        killed = product.pids()[name]
        os.kill(killed, signal.SIGKILL)
        await_result(lambda name=name, killed=killed: product.pids()[name] != killed, f"{name} to be started again")  # type: ignore[misc]
        assert api.get("/api/health")["version"]
    for pid in runner_pids(run["train_job"]):
        os.kill(pid, signal.SIGKILL)
    # The same task sent once more, as a client does that got no answer.
    again = api.call("POST", f"{PROJECT}/tasks", json=task)
    assert again.json()["id"] == started.json()["id"]

    def ended() -> dict[str, object] | None:
        report = api.get(f"{PROJECT}/jobs/{run['predict_job']}")["report"]
        assert isinstance(report, dict)
        return report if report["state"] in ("succeeded", "failed", "cancelled") else None

    report = await_result(ended, "the prediction to end", timeout_s=400)
    trained = api.get(f"{PROJECT}/jobs/{run['train_job']}")["report"]
    assert report["state"] == "succeeded", (report, trained)
    assert trained["attempts"] == 2  # type: ignore[index]
    jobs = api.get(f"{PROJECT}/jobs")["jobs"]
    assert len(jobs) == 2  # type: ignore[arg-type]
    folders = [folder.name for folder in (product.data / "jobs").iterdir() if len(folder.name) == 32]
    assert sorted(folders) == sorted([run["train_job"], run["predict_job"]])

    def all_predicted() -> bool:
        lists = [api.get(f"{PROJECT}/sections/{number}/predictions")["predictions"] for number in between]
        assert all(len(predictions) <= 1 for predictions in lists)  # type: ignore[arg-type]
        return all(len(predictions) == 1 for predictions in lists)  # type: ignore[arg-type]

    await_result(all_predicted, "a prediction on every section between")
    revisions = api.get(f"{PROJECT}/annotations/{uid}/revisions")["revisions"]
    assert [revision["version"] for revision in revisions] == [4, 3, 2, 1]  # type: ignore[attr-defined]
