"""Killed at any moment, the product recovers by itself: no annotation and no job is lost or doubled."""

import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.contracts.presets import PRESETS
from tests.e2e.conftest import Api, Installation, Product, await_result, start_product, stop_product

PROJECT = "/api/projects/demo"
ITERATIONS = 40


def square_um(offset_um: float) -> list[list[list[float]]]:
    low, high = 100.0 + offset_um, 400.0 + offset_um
    return [[[low, low], [high, low], [high, high], [low, high]]]


def job_folders(product: Product) -> set[str]:
    """Folders of jobs, those of the brain included that the first start ran."""
    return {folder.name for folder in (product.data / "jobs").iterdir() if len(folder.name) == 32}


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


def new_task(api: Api) -> tuple[dict[str, Any], list[int]]:
    """A task for the one pair there is, long enough that every process can be killed while it trains.

    With the sections it will fill.
    """
    pair = api.get(f"{PROJECT}/training/hOc1")["pairs"][0]  # type: ignore[index]
    settings = PRESETS["tiny"].settings.model_copy(update={"iterations": ITERATIONS, "batch_size": 1})
    task = {
        "key": uuid4().hex,
        "area": "hOc1",
        "pairs": [pair["sections"]],
        "preset": "tiny",
        "settings": settings.model_dump(mode="json"),
    }
    return task, pair["sections_between"]


def send(api: Api, task: dict[str, Any]) -> dict[str, str]:
    """Start a task; its run. Sent again it is the same task."""
    answer = api.call("POST", f"{PROJECT}/tasks", json=task)
    assert answer.status_code in (200, 201), answer.text
    run: dict[str, str] = answer.json()["runs"][0]
    return run


def report_of(api: Api, job: str) -> dict[str, Any]:
    """What the backend knows of a job."""
    report = api.get(f"{PROJECT}/jobs/{job}")["report"]
    assert isinstance(report, dict)
    return report


def await_first_loss(api: Api, job: str) -> None:
    """The job trains; a job that has ended by now was too short for this test."""

    def trains() -> bool:
        report = report_of(api, job)
        assert report["state"] in ("created", "submitted", "running"), report
        return report["progress"] is not None and report["progress"]["loss"] is not None

    await_result(trains, "the training's first loss")


def await_end(api: Api, job: str) -> dict[str, Any]:
    """The job's last report."""
    ended = ("succeeded", "failed", "cancelled")
    return await_result(
        lambda: report if (report := report_of(api, job))["state"] in ended else None, "the job to end", timeout_s=400
    )


def kill_service(product: Product, name: str) -> None:
    """Kill without warning, and wait until the supervisor has started it again."""
    killed = product.pids()[name]
    os.kill(killed, signal.SIGKILL)
    await_result(lambda: product.pids()[name] != killed, f"{name} to be started again")


@pytest.mark.timeout(900)
def test_killing_every_process_loses_and_doubles_nothing(product: Product) -> None:
    api, uid, folders_before = product.api(), uuid4().hex, job_folders(product)
    task, between = new_task(api)
    run = send(api, task)
    train_job, predict_job = run["train_job"], run["predict_job"]
    await_first_loss(api, train_job)
    # The training stands still meanwhile, so that on no machine it is over before it is killed itself.
    runners = runner_pids(train_job)
    assert runners
    for pid in runners:
        os.kill(pid, signal.SIGSTOP)
    version = 0
    for name in ("backend", "monitor", "compute", "poller"):
        version = save(api, uid, between[0], version)
        kill_service(product, name)
        assert api.get("/api/health")["version"]
    for pid in runners:
        os.kill(pid, signal.SIGKILL)
    # The same task sent once more, as a client does that got no answer.
    assert send(api, task) == run

    predicted, trained = await_end(api, predict_job), report_of(api, train_job)
    assert predicted["state"] == "succeeded", (predicted, trained)
    assert trained["attempts"] == 2
    assert len(api.get(f"{PROJECT}/jobs")["jobs"]) == 2  # type: ignore[arg-type]
    assert job_folders(product) - folders_before == {train_job, predict_job}

    def predictions() -> list[int]:
        lists = [api.get(f"{PROJECT}/sections/{number}/predictions")["predictions"] for number in between]
        return [len(found) for found in lists]  # type: ignore[arg-type]

    await_result(lambda: predictions() == [1] * len(between), "one prediction on every section between")
    revisions = api.get(f"{PROJECT}/annotations/{uid}/revisions")["revisions"]
    assert [revision["version"] for revision in revisions] == [4, 3, 2, 1]  # type: ignore[attr-defined]


@pytest.mark.timeout(600)
def test_a_training_interrupted_by_ctrl_c_goes_on_at_the_next_start(installation: Installation, tmp_path: Path) -> None:
    first = installation.start(tmp_path / "data")
    api = first.api()
    run = send(api, new_task(api)[0])
    await_first_loss(api, run["train_job"])
    stop_product(first)
    assert runner_pids(run["train_job"]) == []
    second = start_product(tmp_path / "data", password=first.password)
    try:
        trained = await_end(second.api(), run["train_job"])
        assert trained["state"] == "succeeded", trained
    finally:
        stop_product(second)
