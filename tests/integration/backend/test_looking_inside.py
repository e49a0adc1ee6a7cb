"""Looks inside a model: started once, brought in whole, shown to members, on every store."""

from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from core.contracts.inspection import InspectParameters
from core.contracts.jobs import JobState, ResultState
from tests.fakes.inspections import inspection_files
from tests.fakes.predictions import png
from tests.integration.backend.api import Backend, P, Person, error_of

PLACE = {"section": 921, "centre_um": [900.0, 800.0]}


@pytest.fixture
def trained(backend: Backend) -> tuple[Person, dict[str, Any]]:
    """Ada, and the run of a task of hers whose jobs ended."""
    ada, _ = backend.predicted()
    run: dict[str, Any] = ada.read(f"{P}/tasks")["tasks"][0]["runs"][0]
    return ada, run


def look(person: Person, model_job: str, **changes: object) -> Any:
    return person.send("POST", f"{P}/inspections", {"key": uuid4().hex, "model_job": model_job, **PLACE, **changes})


def shown(person: Person, key: str) -> Any:
    return person.read(f"{P}/inspections/{key}")


Trained = tuple[Person, dict[str, Any]]


class TestLookingInside:
    def test_a_look_is_a_job_after_the_training_it_looks_into(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        answer = look(ada, run["train_job"])
        assert answer.status_code == 201, answer.text
        job = answer.json["job"]
        assert (job["area"], job["sections"], answer.json["inspection"]) == ("hOc1", [901, 961], None)
        sent = backend.compute.definitions[job["report"]["key"]]
        assert sent.parameters == InspectParameters(model_job=run["train_job"], section=921, centre_um=(900.0, 800.0))
        assert sent.after == (run["train_job"],)
        assert ada.read(f"{P}/jobs")["jobs"][0]["inspects"] == sent.parameters.model_dump(mode="json")

    def test_asked_for_twice_it_is_one_look_and_another_place_needs_another_key(
        self, backend: Backend, trained: Trained
    ) -> None:
        ada, run = trained
        key = uuid4().hex
        first, again = (look(ada, run["train_job"], key=key) for _ in range(2))
        assert first.json["job"]["report"]["key"] == again.json["job"]["report"]["key"]
        assert len(ada.read(f"{P}/jobs")["jobs"]) == 3
        error_of(look(ada, run["train_job"], key=key, section=941), 409)

    def test_its_pictures_come_in_whole_and_are_told(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        key = look(ada, run["train_job"]).json["job"]["report"]["key"]
        files = inspection_files(921)
        backend.compute.finish(key, files)
        before = ada.read(f"{P}/changes")["latest"]
        backend.monitor()
        found = shown(ada, key)
        assert found["job"]["report"]["state"] == "succeeded"
        assert found["inspection"]["occlusions"][0]["shares"] == [0.5]
        assert [change["id"] for change in ada.read(f"{P}/changes", after=before)["changes"]].count(key) >= 1
        for name in set(files) - {"inspection.json"}:
            picture = ada.get(f"{P}/inspections/{key}/pictures/{name}")
            assert (picture.mimetype, picture.data) == ("image/png", files[name])
            assert "immutable" in picture.headers["Cache-Control"]
        for stranger in ("inspection.json", "other.png", "..%2F..%2Fsecret"):
            error_of(ada.get(f"{P}/inspections/{key}/pictures/{stranger}"), 404)

    def test_a_viewer_sees_it_and_starts_none_and_a_stranger_knows_nothing(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        key = look(ada, run["train_job"]).json["job"]["report"]["key"]
        backend.compute.finish(key, inspection_files(921))
        backend.monitor()
        vera, max_ = backend.person("vera"), backend.person("max")
        assert shown(vera, key)["inspection"] is not None
        assert "look inside models" in error_of(look(vera, run["train_job"]), 403)["message"]
        error_of(max_.get(f"{P}/inspections/{key}"), 404)
        error_of(max_.get(f"{P}/inspections/{key}/pictures/image.png"), 404)

    def test_what_cannot_be_looked_at_is_refused_in_words(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        assert "trains no model" in error_of(look(ada, run["predict_job"]), 422)["message"]
        assert "outside section 921" in error_of(look(ada, run["train_job"], centre_um=[90_000, 0]), 422)["message"]
        error_of(look(ada, run["train_job"], section=7), 404)
        error_of(look(ada, "0" * 32), 404)
        running = ada.train((901, 961)).json["runs"][0]["train_job"]
        assert "no model to look into" in error_of(look(ada, running), 422)["message"]

    def test_results_that_name_a_picture_that_is_none_are_not_shown(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        colour = png(np.zeros((32, 32, 3), np.uint8))
        for name, content in (("image.png", b"no picture"), ("features_x.png", colour), ("inspection.json", b"{}")):
            key = look(ada, run["train_job"]).json["job"]["report"]["key"]
            backend.compute.finish(key, inspection_files(921) | {name: content})
            backend.monitor(rounds=8)
            found = shown(ada, key)
            assert (found["inspection"], found["job"]["report"]["result_state"]) == (None, "unavailable")
            assert "could not be fetched" in found["job"]["report"]["reason"]

    def test_a_look_that_failed_says_why(self, backend: Backend, trained: Trained) -> None:
        ada, run = trained
        key = look(ada, run["train_job"]).json["job"]["report"]["key"]
        backend.compute.set(key, JobState.FAILED, ResultState.UNAVAILABLE, reason="model.json is missing")
        backend.monitor()
        found = shown(ada, key)
        assert (found["inspection"], found["job"]["report"]["reason"]) == (None, "model.json is missing")
