"""Predictions come in, are reviewed and corrected, and everybody is told, on every store."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from backend.domain.collections import PREDICTIONS
from backend.ports import Query
from core.contracts.annotations import Paths
from core.contracts.jobs import JobState, ResultState
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from tests.fakes.predictions import GRID, disc, prediction_files
from tests.integration.backend.api import SQUARE, Backend, P, error_of, marks

PATHS: TypeAdapter[Paths] = TypeAdapter(Paths)


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
            "doubt": 0.2,
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
        probability = ada.get(f"{P}/predictions/{predictions[0]['id']}/probability")
        with Image.open(io.BytesIO(probability.data)) as image:
            assert np.array_equal(np.asarray(image) == 204, disc())
        entropy = ada.get(f"{P}/predictions/{predictions[0]['id']}/entropy")
        with Image.open(io.BytesIO(entropy.data)) as image:
            assert set(np.unique(np.asarray(image))) == {128}

    def test_the_border_is_told_of_a_section_and_kept_out_of_the_documents_of_the_project(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        [stretch] = predictions[0]["border"]
        assert stretch == {"points": [[400.0, 400.0], [500.0, 420.0]], "length_mm": 0.1, "doubt": 0.7}
        answer = ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/review", {"verdict": "accepted"})
        assert answer.json["border"] == [stretch]
        stored = backend.services.store.find(PREDICTIONS, Query({"project": "demo"}))
        assert [document["border"] for document in stored] == [[], []]

    def test_a_prediction_of_an_older_release_says_what_it_lacks_and_the_remedy(self, backend: Backend, tmp_path: Path) -> None:
        ada, predictions = backend.predicted()
        [border] = tmp_path.rglob(f"{predictions[0]['id']}_border.json")
        border.unlink()
        assert ada.read(f"{P}/sections/921/predictions")["predictions"][0]["border"] == []
        for kind in ("probability", "entropy"):
            [blob] = tmp_path.rglob(f"{predictions[0]['id']}_{kind}.png")
            blob.unlink()
            error = error_of(ada.get(f"{P}/predictions/{predictions[0]['id']}/{kind}"), 404)
            assert (error["code"], kind in error["message"], "Train again" in error["message"]) == ("no_raster", True, True)

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

    def test_a_verdict_taken_back_leaves_none_and_can_be_given_again(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        review = f"{P}/predictions/{predictions[0]['id']}/review"

        def seen() -> tuple[object, object]:
            one = ada.read(f"{P}/sections/921/predictions")["predictions"][0]
            return one["review"], marks(backend)[921]["hOc1"]["verdict"]

        changes = len(ada.read(f"{P}/changes")["changes"])
        assert ada.send("POST", review, {"verdict": "withdrawn"}).json["review"] is None
        ada.send("POST", review, {"verdict": "rejected", "reason": "leaks"})
        assert ada.send("POST", review, {"verdict": "withdrawn"}).json["review"] is None
        assert seen() == (None, None)
        assert ada.read(P)["progress"][0]["rejected"] == 0
        ada.send("POST", review, {"verdict": "rejected", "reason": "leaks"})
        assert seen()[1] == "rejected"
        assert [change["kind"] for change in ada.read(f"{P}/changes")["changes"][changes:]] == ["review"] * 3
        error_of(backend.person("vera").send("POST", review, {"verdict": "withdrawn"}), 403)

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
