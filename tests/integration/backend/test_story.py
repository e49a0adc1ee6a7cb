"""The way of the data through the API, on every store: draw, train, follow the jobs, review, correct."""

import io
import json
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from core.contracts.annotations import Paths
from core.contracts.jobs import JobState, ResultState
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from tests.fakes.predictions import GRID, disc, prediction_files
from tests.integration.backend.api import BOW_TIE, SQUARE, Backend, P, error_of

PATHS: TypeAdapter[Paths] = TypeAdapter(Paths)


def marks(backend: Backend) -> dict[int, dict[str, Any]]:
    states = backend.person("ada").read(f"{P}/sections")["sections"]
    return {state["number"]: {mark["area"]: mark for mark in state["marks"]} for state in states}


class TestAnnotations:
    def test_a_drawn_region_is_there_for_everybody_in_the_project(self, backend: Backend) -> None:
        uid = uuid4().hex
        saved = backend.person("ada").draw(901, uid=uid)
        assert (saved.status_code, saved.json["annotation"]["version"], saved.json["problems"]) == (200, 1, [])
        seen = backend.person("vera").read(f"{P}/sections/901/annotations")["annotations"]
        assert [(one["uid"], one["author"], one["paths"]) for one in seen] == [(uid, "ada", SQUARE)]
        assert marks(backend)[901]["hOc1"]["annotated"] is True

    def test_a_save_from_an_old_version_is_told_the_current_one(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        moved = [[[900, 800], [2400, 800], [2400, 2400]]]
        assert ada.draw(901, moved, uid, version=1).json["annotation"]["version"] == 2
        error = error_of(ada.draw(901, [[[1, 1], [2, 1], [2, 2]]], uid, version=1), 409)
        assert error["code"] == "version_conflict"
        assert error["details"]["current"]["version"] == 2
        assert error["details"]["current"]["paths"] == moved

    def test_the_same_save_again_after_a_lost_answer_is_answered_as_the_first(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        first, again = ada.draw(901, uid=uid), ada.draw(901, uid=uid)
        assert again.json == first.json
        assert len(ada.read(f"{P}/annotations/{uid}/revisions")["revisions"]) == 1

    def test_the_same_content_from_somebody_else_is_a_conflict(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        ada.send("PUT", f"{P}/members/vera", {"role": "annotator"})
        error_of(backend.person("vera").draw(901, uid=uid), 409)

    def test_deleting_is_a_revision_and_can_be_undone(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        gone = ada.send("DELETE", f"{P}/annotations/{uid}", version=1)
        assert gone.json["annotation"]["deleted"] is True
        for version in (1, 2):  # sent again after a lost answer, and by somebody who saw that it is deleted
            assert ada.send("DELETE", f"{P}/annotations/{uid}", version=version).json == gone.json
        assert ada.read(f"{P}/sections/901/annotations")["annotations"] == []
        assert 901 not in [number for number, found in marks(backend).items() if found]
        assert ada.draw(901, uid=uid, version=2).json["annotation"]["deleted"] is False
        history = ada.read(f"{P}/annotations/{uid}/revisions")["revisions"]
        assert [(one["version"], one["action"]) for one in history] == [(3, "restored"), (2, "deleted"), (1, "saved")]
        assert history[2]["paths"] == SQUARE

    def test_a_broken_outline_is_saved_and_its_problems_are_told(self, backend: Backend) -> None:
        saved = backend.person("ada").draw(901, BOW_TIE)
        assert [problem["kind"] for problem in saved.json["problems"]] == ["self_crossing"]
        outside = backend.person("ada").draw(921, [[[800, 800], [9000, 800], [9000, 2400]]])
        assert [problem["kind"] for problem in outside.json["problems"]] == ["outside_section"]

    def test_bezier_nodes_are_kept(self, backend: Backend) -> None:
        curved = [[[800, 800, 0, 0, 100, -50], [2400, 800], [2400, 2400, -10.5, 0.25, 0, 0]]]
        assert backend.person("ada").draw(901, curved).json["annotation"]["paths"] == curved

    @pytest.mark.parametrize(
        ("change", "status", "words"),
        [
            ({"section": 5}, 404, "no section 5"),
            ({"area": "nowhere"}, 422, "no area of project demo"),
            ({"paths": []}, 422, "paths"),
            ({"paths": [[[1, 1], [2, 2]]]}, 422, "paths"),
            ({"paths": [[[1, 1], [2, 2], ["x", 3]]]}, 422, "paths"),
            ({"version": -1}, 422, "version"),
            ({"colour": "red"}, 422, "colour"),
        ],
    )
    def test_what_does_not_fit_is_refused_in_words(
        self, backend: Backend, change: dict[str, object], status: int, words: str
    ) -> None:
        body = {"section": 901, "area": "hOc1", "paths": SQUARE, "version": 0, **change}
        answer = backend.person("ada").send("PUT", f"{P}/annotations/{uuid4().hex}", body)
        assert words in error_of(answer, status)["message"]

    def test_a_uid_is_a_key(self, backend: Backend) -> None:
        for uid in ("x", "A" * 32, "0" * 31):
            assert error_of(backend.person("ada").draw(901, uid=uid), 422)["code"] == "invalid_key"

    def test_a_region_stays_on_its_section(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        assert "stays there" in error_of(ada.draw(921, uid=uid, version=1), 422)["message"]

    def test_too_many_points_are_refused_with_the_remedy(self, backend: Backend) -> None:
        path = [[n % 1000, n // 1000] for n in range(100_000)]
        error = error_of(backend.person("ada").draw(901, [path, path]), 413)
        assert "Simplify" in error["message"]


class TestTraining:
    def test_the_offer_says_what_is_missing(self, backend: Backend) -> None:
        ada = backend.person("ada")
        assert "Outline it on two sections" in ada.read(f"{P}/training/hOc1")["missing"]
        ada.draw(901)
        assert "second section" in ada.read(f"{P}/training/hOc1")["missing"]

    def test_consecutive_annotated_sections_are_proposed(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for section in (961, 901, 941):
            ada.draw(section)
        offer = ada.read(f"{P}/training/hOc1")
        assert offer["annotated_sections"] == [901, 941, 961]
        assert [(pair["sections"], pair["sections_between"], pair["distance_mm"]) for pair in offer["pairs"]] == [
            ([901, 941], [921], 0.8),
            ([941, 961], [], 0.4),
        ]
        assert offer["pairs"][0]["problems"] == []
        assert "no section between" in offer["pairs"][1]["problems"][0]
        assert offer["missing"] == ""
        assert {"tiny", "demo", "standard"} <= {one["preset"]["name"] for one in offer["presets"]}
        assert all(one["estimate_s"] > 0 and one["estimate_basis"] for one in offer["presets"])

    def test_training_refuses_what_is_broken_with_the_section(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901, BOW_TIE)
        ada.draw(941)
        error = error_of(ada.train((901, 941)), 422)
        assert error["code"] == "not_trainable"
        assert "Section 901" in error["message"]
        assert "crosses itself" in error["message"]
        assert "crosses itself" in ada.read(f"{P}/training/hOc1")["pairs"][0]["problems"][0]

    @pytest.mark.parametrize(
        ("pairs", "more", "words"),
        [
            ([(901, 921)], {}, "Section 921 is not annotated"),
            ([(961, 901)], {}, "increasing order"),
            ([(901, 961), (901, 961)], {}, "named twice"),
            ([(901, 961)], {"preset": "nonsense"}, "no preset nonsense"),
            ([(901, 961)], {"area": "hOc2"}, "Section 901 is not annotated"),
            ([(901, 961)], {"area": "V5"}, "no area of project"),
            ([(901, 961)], {"settings": {"iterations": 0}}, "iterations"),
            ([], {}, "pairs"),
        ],
    )
    def test_a_task_that_cannot_run_is_refused_in_words(
        self, backend: Backend, pairs: list[tuple[int, int]], more: dict[str, object], words: str
    ) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        assert words in error_of(ada.train(*pairs, **more), 422)["message"]
        assert ada.read(f"{P}/tasks")["tasks"] == []
        assert backend.compute.definitions == {}

    def test_train_sends_a_training_job_and_a_prediction_job_after_it(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        ada.draw(961)
        answer = ada.train((901, 961))
        assert answer.status_code == 201
        run = answer.json["runs"][0]
        train, predict = (backend.compute.definitions[run[kind]] for kind in ("train_job", "predict_job"))
        assert backend.compute.submissions == [train.key, predict.key]
        assert predict.after == (train.key,)
        assert predict.parameters.model_dump()["sections"] == (921, 941)
        assert predict.parameters.model_dump()["model_job"] == train.key
        assert [one.section for one in train.inputs.annotations] == [901, 961]
        assert train.inputs.annotations == predict.inputs.annotations
        assert run["annotations"][0] == {"uid": uid, "version": 1}
        assert train.inputs.brain.fingerprint == backend.services.brains.folder("SMALL").fingerprint()
        jobs = ada.read(f"{P}/jobs")["jobs"]
        assert [(job["report"]["kind"], job["report"]["state"]) for job in jobs] == [
            ("train", "submitted"),
            ("predict", "submitted"),
        ]

    def test_the_same_key_twice_is_one_task(self, backend: Backend) -> None:
        ada, key = backend.person("ada"), uuid4().hex
        ada.draw(901)
        ada.draw(961)
        first, again = ada.train((901, 961), key=key), ada.train((901, 961), key=key)
        assert again.json == first.json
        assert len(ada.read(f"{P}/tasks")["tasks"]) == 1
        assert len(backend.compute.submissions) == 2
        ada.draw(941)
        error_of(ada.train((901, 941), key=key), 409)

    def test_a_task_trains_on_the_revisions_it_froze(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        ada.draw(961)
        backend.compute.reachable = False
        run = ada.train((901, 961)).json["runs"][0]
        ada.draw(901, [[[1, 1], [900, 1], [900, 900]]], uid, version=1)
        backend.compute.reachable = True
        backend.monitor()
        used = backend.compute.definitions[run["train_job"]].inputs.annotations[0]
        assert (used.version, [list(point) for point in used.paths[0]]) == (1, SQUARE[0])

    def test_jobs_wait_for_the_compute_service_and_say_so(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        backend.compute.reachable = False
        assert ada.train((901, 961)).status_code == 201
        first = ada.read(f"{P}/jobs")["jobs"][0]["report"]
        assert (first["state"], first["reason"]) == (
            "created",
            "The compute service does not answer; the job is sent as soon as it does.",
        )
        key = first["key"]
        assert ada.read(f"{P}/jobs/{key}/progress")["lines"] == []
        assert ada.read(f"{P}/jobs/{key}/log")["text"] == ""
        backend.compute.reachable = True
        backend.monitor()
        assert [job["report"]["state"] for job in ada.read(f"{P}/jobs")["jobs"]] == ["submitted", "submitted"]
        assert len(backend.compute.submissions) == 2

    def test_an_answer_that_got_lost_neither_loses_nor_doubles_a_job(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        backend.compute.loses_answers = True
        ada.train((901, 961))
        backend.monitor()
        backend.compute.loses_answers = False
        backend.monitor()
        assert len(backend.compute.jobs) == 2
        assert [job["report"]["state"] for job in ada.read(f"{P}/jobs")["jobs"]] == ["submitted", "submitted"]

    def test_progress_log_and_stop(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        run = ada.train((901, 961)).json["runs"][0]
        key = run["train_job"]
        assert ada.read(f"{P}/jobs/{key}/progress", offset=0)["lines"][0]["loss"] == 0.5
        assert ada.read(f"{P}/jobs/{key}/progress", offset=1)["lines"] == []
        assert key in ada.read(f"{P}/jobs/{key}/log")["text"]
        assert ada.send("POST", f"{P}/jobs/{key}/cancel").json["report"]["state"] == "cancelled"
        assert ada.send("POST", f"{P}/jobs/{key}/cancel").json["report"]["state"] == "cancelled"

    def test_the_wish_to_stop_outlives_a_compute_service_that_is_away(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        backend.compute.reachable = False
        key = ada.train((901, 961)).json["runs"][0]["train_job"]
        ada.send("POST", f"{P}/jobs/{key}/cancel")
        backend.compute.reachable = True
        backend.monitor()
        assert ada.read(f"{P}/jobs/{key}")["report"]["state"] == "cancelled"

    def test_a_running_job_shows_what_the_compute_service_told(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        key = ada.train((901, 961)).json["runs"][0]["train_job"]
        backend.compute.set(key, JobState.RUNNING, attempts=1)
        backend.monitor()
        backend.compute.set(key, JobState.FAILED, ResultState.INCOMPLETE, reason="out of memory")
        backend.monitor()
        report = ada.read(f"{P}/jobs/{key}")["report"]
        assert (report["state"], report["reason"]) == ("failed", "out of memory")

    def test_a_job_the_compute_service_forgot_fails_in_words(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        key = ada.train((901, 961)).json["runs"][0]["train_job"]
        del backend.compute.jobs[key]
        backend.monitor()
        report = ada.read(f"{P}/jobs/{key}")["report"]
        assert report["state"] == "failed"
        assert "does not know this job" in report["reason"]


class TestReview:
    def test_results_of_a_prediction_job_become_predictions_once(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        backend.monitor()
        assert [(one["section"], one["area"], one["review"]) for one in predictions] == [
            (921, "hOc1", None),
            (941, "hOc1", None),
        ]
        kinds = [change["kind"] for change in ada.read(f"{P}/changes")["changes"]]
        assert kinds.count("prediction") == 2
        assert marks(backend)[921]["hOc1"] == {
            "area": "hOc1",
            "annotated": False,
            "predicted": True,
            "verdict": None,
            "mean_confidence": 0.8,
        }

    def test_rasters_come_back_as_they_were(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        label = ada.get(f"{P}/predictions/{predictions[0]['id']}/label")
        assert label.mimetype == "image/png"
        with Image.open(io.BytesIO(label.data)) as image:
            assert np.array_equal(np.asarray(image) == 3, disc())
        confidence = ada.get(f"{P}/predictions/{predictions[0]['id']}/confidence")
        with Image.open(io.BytesIO(confidence.data)) as image:
            assert set(np.unique(np.asarray(image))) == {204}

    def test_the_newest_verdict_counts(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        review = f"{P}/predictions/{predictions[0]['id']}/review"
        assert ada.send("POST", review, {"verdict": "accepted"}).json["review"]["verdict"] == "accepted"
        ada.send("POST", review, {"verdict": "rejected", "reason": "leaks into hOc2"})
        seen = ada.read(f"{P}/sections/921/predictions")["predictions"][0]["review"]
        assert (seen["verdict"], seen["reason"], seen["author"]) == ("rejected", "leaks into hOc2", "ada")
        assert marks(backend)[921]["hOc1"]["verdict"] == "rejected"
        assert ada.read(P)["progress"][0] == {
            "area": ada.read(P)["progress"][0]["area"],
            "annotated": 2,
            "predicted": 2,
            "accepted": 0,
            "rejected": 1,
            "corrected": 0,
        }
        error_of(ada.send("POST", review, {"verdict": "corrected"}), 422)

    def test_correcting_makes_an_editable_annotation_with_its_lineage(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        correct = f"{P}/predictions/{predictions[0]['id']}/correct"
        answer = ada.send("POST", correct)
        assert answer.status_code == 201
        annotation = answer.json["annotation"]
        assert annotation["source"] == {"kind": "prediction", "prediction": predictions[0]["id"]}
        assert answer.json["problems"] == []
        filled = rasterise(rings(PATHS.validate_python(annotation["paths"])), GRID)
        # Only pixels the border runs through may differ; a disc of radius 30 px has about 8 per px of radius.
        assert np.count_nonzero(filled != disc()) < 60
        assert sum(len(path) for path in annotation["paths"]) < 80
        review = ada.read(f"{P}/sections/921/predictions")["predictions"][0]["review"]
        assert (review["verdict"], review["annotation"]) == ("corrected", annotation["uid"])
        mark = marks(backend)[921]["hOc1"]
        assert (mark["annotated"], mark["verdict"]) == (True, "corrected")
        edited = ada.draw(921, SQUARE, annotation["uid"], version=1)
        assert edited.json["annotation"]["version"] == 2
        assert 921 in ada.read(f"{P}/training/hOc1")["annotated_sections"]

    def test_correcting_twice_is_one_annotation(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        correct = f"{P}/predictions/{predictions[0]['id']}/correct"
        first, again = ada.send("POST", correct), ada.send("POST", correct)
        assert again.json["annotation"] == first.json["annotation"]
        assert len(ada.read(f"{P}/sections/921/annotations")["annotations"]) == 1
        assert [change["kind"] for change in ada.read(f"{P}/changes")["changes"]].count("review") == 1

    def test_correcting_where_somebody_annotated_is_refused_with_the_remedy(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        ada.draw(921)
        error = error_of(ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/correct"), 409)
        assert error["code"] == "already_annotated"
        assert "delete it" in error["message"]
        assert ada.read(f"{P}/sections/921/predictions")["predictions"][0]["review"] is None

    def test_correcting_an_empty_prediction_is_refused_in_words(self, backend: Backend) -> None:
        ada, predictions = backend.predicted(radius_px=0)
        error = error_of(ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/correct"), 409)
        assert error["code"] == "nothing_predicted"
        assert ada.read(f"{P}/predictions/{predictions[0]['id']}/outline")["paths"] == []

    def test_a_newer_prediction_takes_the_place_of_the_older(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/review", {"verdict": "accepted"})
        run = ada.train((901, 961)).json["runs"][0]
        backend.compute.set(run["train_job"], JobState.SUCCEEDED, ResultState.READY)
        backend.compute.finish(run["predict_job"], prediction_files(921, disc(radius_px=20)))
        backend.monitor()
        newest = ada.read(f"{P}/sections/921/predictions")["predictions"]
        assert [(one["job"], one["review"]) for one in newest] == [(run["predict_job"], None)]

    def test_results_that_cannot_be_read_are_given_up_with_the_reason(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        run = ada.train((901, 961)).json["runs"][0]
        files = prediction_files(921, disc()) | {"predictions/921_label.png": b"no image"}
        backend.compute.finish(run["predict_job"], files)
        backend.monitor(rounds=8)
        report = ada.read(f"{P}/jobs/{run['predict_job']}")["report"]
        assert report["result_state"] == "unavailable"
        assert "921_label.png is no PNG" in report["reason"]
        assert ada.read(f"{P}/sections/921/predictions")["predictions"] == []


class TestChanges:
    def test_every_deed_is_told_in_order(self, backend: Backend) -> None:
        ada, _ = backend.predicted()
        told = ada.read(f"{P}/changes")
        assert [change["seq"] for change in told["changes"]] == list(range(1, told["latest"] + 1))
        assert told["changes"][0] | {"at": ""} == {
            "seq": 1,
            "project": "demo",
            "kind": "annotation",
            "id": told["changes"][0]["id"],
            "section": 901,
            "author": "ada",
            "at": "",
        }
        assert {change["kind"] for change in told["changes"]} == {"annotation", "task", "job", "prediction"}
        after = ada.read(f"{P}/changes", after=told["latest"] - 1)
        assert [change["seq"] for change in after["changes"]] == [told["latest"]]
        assert ada.read(f"{P}/changes", after=told["latest"])["changes"] == []

    def test_events_start_after_the_last_one_seen(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(921)
        with ada.client.get(f"{P}/events", headers={"Last-Event-ID": "1"}, buffered=False) as answer:
            assert answer.mimetype == "text/event-stream"
            lines = answer.iter_encoded()
            assert b"retry:" in next(lines)
            event = next(lines).decode()
        assert event.startswith("id: 2\nevent: annotation\ndata: ")
        assert json.loads(event.split("data: ")[1])["section"] == 921
