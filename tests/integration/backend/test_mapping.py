"""Jobs of features and graphs: started once with frozen annotations, brought in whole, shown to members, on every store."""

import gzip
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import safetensors.numpy

from core.contracts.jobs import JobState, ResultState
from core.contracts.projects import Project
from tests.fakes.brain_folder import write_small_brain
from tests.fakes.mapping import classification_files, features_files, graph_arrays, graph_files, midsurface_files
from tests.fakes.predictions import disc, prediction_files
from tests.integration.backend.api import SQUARE, Backend, P, Person, error_of

SECTIONS = (901, 921, 941, 961)
AREAS = ["hOc1", "hOc2"]
FEATURES: dict[str, Any] = {"kind": "features", "areas": AREAS}


@pytest.fixture(scope="module")
def brains_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two brains, in place of the one that other tests have."""
    root = tmp_path_factory.mktemp("brains")
    for name in ("SMALL", "OTHER"):
        write_small_brain(root, name)
    return root


def start(person: Person, parameters: dict[str, Any], key: str | None = None, **more: object) -> Any:
    return person.send("POST", f"{P}/mapping", {"key": key or uuid4().hex, "parameters": parameters, **more})


def draw(person: Person, section: int, area: str, project: str = "demo") -> None:
    body = {"section": section, "area": area, "paths": SQUARE, "version": 0}
    assert person.send("PUT", f"/api/projects/{project}/annotations/{uuid4().hex}", body).status_code == 200


@pytest.fixture
def ada(backend: Backend) -> Person:
    """Ada, who has annotated both areas on two sections."""
    person = backend.person("ada")
    for section in (901, 961):
        for area in AREAS:
            draw(person, section, area)
    return person


def done(backend: Backend, person: Person, parameters: dict[str, Any], files: dict[str, bytes]) -> str:
    """The key of a job that has succeeded and left these files."""
    answer = start(person, parameters)
    assert answer.status_code == 201, answer.text
    key: str = answer.json["report"]["key"]
    backend.compute.finish(key, files)
    backend.monitor()
    return key


def surfaced(backend: Backend, person: Person) -> str:
    return done(backend, person, {"kind": "midsurface"}, midsurface_files("SMALL", SECTIONS))


def graph_of(midsurface_job: str, **changes: object) -> dict[str, Any]:
    settings = {"features": ["coordinates"]}
    return {"kind": "graph", "areas": AREAS, "midsurface_jobs": [midsurface_job], "settings": settings, **changes}


class TestStarting:
    def test_the_job_carries_the_annotations_of_its_areas_as_they_stood(self, backend: Backend, ada: Person) -> None:
        backend.compute.reachable = False
        key = start(ada, FEATURES).json["report"]["key"]
        draw(ada, 921, "hOc1")  # too late for the job
        backend.compute.reachable = True
        backend.monitor(rounds=1)
        sent = backend.compute.definitions[key]
        assert sorted((one.section, one.area) for one in sent.inputs.annotations) == [
            (section, area) for section in (901, 961) for area in AREAS
        ]
        assert (sent.parameters.kind, sent.inputs.more, sent.after) == ("features", (), ())
        [listed] = ada.read(f"{P}/mapping")["jobs"]
        assert (listed["report"]["key"], listed["brains"], listed["author"]) == (key, ["SMALL"], "ada")

    def test_the_same_key_is_the_same_job_and_never_another(self, backend: Backend, ada: Person) -> None:
        key = uuid4().hex
        first, again = (start(ada, FEATURES, key).json for _ in range(2))
        assert first["report"]["key"] == again["report"]["key"]
        assert len(backend.compute.definitions) == 1
        assert "another job" in error_of(start(ada, {"kind": "midsurface"}, key), 409)["message"]

    def test_further_projects_bring_their_brains_and_only_those_one_may_see(self, backend: Backend, ada: Person) -> None:
        max_ = backend.person("max")
        for person, name, brain in ((ada, "second", "OTHER"), (max_, "hidden", "OTHER"), (ada, "twin", "SMALL")):
            new = {"id": name, "title": name, "brain": brain, "areas": AREAS}
            assert person.send("POST", "/api/projects", new).status_code == 201
        draw(ada, 941, "hOc1", "second")
        answer = start(ada, FEATURES | {"transfer": ["OTHER"]}, more_projects=["second"])
        assert answer.json["brains"] == ["SMALL", "OTHER"]
        [other] = backend.compute.definitions[answer.json["report"]["key"]].inputs.more
        assert (other.brain.id, [one.section for one in other.annotations]) == ("OTHER", [941])
        error_of(start(ada, FEATURES, more_projects=["hidden"]), 404)
        assert "both on brain SMALL" in error_of(start(ada, FEATURES, more_projects=["twin"]), 422)["message"]
        assert "NOBODY" in error_of(start(ada, FEATURES | {"transfer": ["NOBODY"]}), 422)["message"]
        assert "nothing to learn" in error_of(start(ada, FEATURES | {"transfer": ["SMALL"]}), 422)["message"]
        out = FEATURES | {"transfer": ["SMALL"]}
        assert "hOc2 is not annotated" in error_of(start(ada, out, more_projects=["second"]), 422)["message"]

    def test_areas_without_annotation_are_named(self, backend: Backend) -> None:
        ada = backend.person("ada")
        assert "hOc1, hOc2 are not annotated" in error_of(start(ada, FEATURES), 422)["message"]
        draw(ada, 901, "hOc1")
        assert "hOc2 is not annotated" in error_of(start(ada, FEATURES), 422)["message"]
        foreign = FEATURES | {"areas": ["hOc1", "V9"]}
        assert "V9 is no area of project demo" in error_of(start(ada, foreign), 422)["message"]

    def test_what_a_job_goes_on_from_must_have_succeeded(self, backend: Backend, ada: Person) -> None:
        features = start(ada, FEATURES).json["report"]["key"]
        classify = {"kind": "classify_patches", "areas": AREAS, "features_job": features}
        assert "nothing to go on from" in error_of(start(ada, classify), 422)["message"]
        assert "no job that learns features" in error_of(start(ada, classify | {"features_job": "0" * 32}), 422)["message"]
        assert "no job that computes a surface" in error_of(start(ada, graph_of(features)), 422)["message"]
        backend.compute.finish(features, features_files("SMALL", SECTIONS))
        backend.monitor()
        midsurface = surfaced(backend, ada)
        key = start(ada, classify).json["report"]["key"]
        assert backend.compute.definitions[key].after == (features,)
        both = graph_of(midsurface, features_job=features, settings={"features": ["cytoarchitecture", "coordinates"]})
        key = start(ada, both).json["report"]["key"]
        assert backend.compute.definitions[key].after == (midsurface, features)
        two = graph_of(midsurface, midsurface_jobs=[midsurface, midsurface])
        assert "1 brains need as many surfaces, got 2" in error_of(start(ada, two), 422)["message"]

    def test_maps_that_nobody_projected_are_refused_with_what_to_do(
        self, backend: Backend, ada: Person, brains_folder: Path
    ) -> None:
        with_maps = graph_of(surfaced(backend, ada), settings={"features": ["coordinates", "maps"]})
        error = error_of(start(ada, with_maps), 422)
        assert (error["code"], error["details"]) == ("no_maps", {"brains": ["SMALL"]})
        assert "Run `brodmann atlas`" in error["message"]
        projection = brains_folder / "SMALL" / "atlas" / "SMALL_0921.h5"
        projection.parent.mkdir(exist_ok=True)
        projection.touch()
        try:
            assert start(ada, with_maps).status_code == 201
        finally:
            projection.unlink()

    def test_a_viewer_looks_and_starts_none_and_a_stranger_knows_nothing(self, backend: Backend, ada: Person) -> None:
        key = surfaced(backend, ada)
        vera, max_ = backend.person("vera"), backend.person("max")
        assert vera.read(f"{P}/mapping/{key}/result")["midsurface"]["brain"] == "SMALL"
        assert vera.get(f"{P}/mapping/{key}/surfaces/SMALL").status_code == 200
        error_of(start(vera, FEATURES), 403)
        error_of(vera.send("POST", f"{P}/mapping/{key}/cancel"), 403)
        for place in ("", f"/{key}/result", f"/{key}/log", f"/{key}/surfaces/SMALL"):
            error_of(max_.get(f"{P}/mapping{place}"), 404)


class TestResults:
    def test_each_kind_tells_what_it_found_and_nothing_before(self, backend: Backend, ada: Person) -> None:
        features = done(backend, ada, FEATURES, features_files("SMALL", SECTIONS))
        assert ada.read(f"{P}/mapping/{features}/result")["features"]["feature_width"] == 128
        parameters = {"kind": "classify_patches", "areas": AREAS, "features_job": features}
        running = start(ada, parameters).json["report"]["key"]
        assert "so it has none yet" in error_of(ada.get(f"{P}/mapping/{running}/result"), 404)["message"]
        backend.compute.finish(running, classification_files("SMALL", SECTIONS, features))
        backend.monitor()
        found = ada.read(f"{P}/mapping/{running}/result")
        assert (found["classification"]["test"]["macro_f1"], found["features"]) == (0.8, None)
        assert "log of" in ada.read(f"{P}/mapping/{running}/log")["text"]

    def test_surfaces_come_in_whole_and_are_kept_by_the_browser(self, backend: Backend, ada: Person) -> None:
        midsurface = surfaced(backend, ada)
        files = graph_files("SMALL", SECTIONS)
        key = done(backend, ada, graph_of(midsurface), files)
        answer = ada.get(f"{P}/mapping/{key}/surfaces/SMALL")
        assert (answer.mimetype, answer.data) == ("application/octet-stream", files["surfaces/SMALL.safetensors"])
        assert "immutable" in answer.headers["Cache-Control"]
        assert len(safetensors.numpy.load(ada.get(f"{P}/mapping/{midsurface}/surfaces/SMALL").data)) == 6
        error_of(ada.get(f"{P}/mapping/{key}/surfaces/OTHER"), 404)

    def test_for_its_picture_a_surface_comes_packed_also_one_that_came_in_before_there_was_such_a_form(
        self, backend: Backend, ada: Person, tmp_path: Path
    ) -> None:
        key = done(backend, ada, graph_of(surfaced(backend, ada)), graph_files("SMALL", SECTIONS))
        place = f"{P}/mapping/{key}/surfaces/SMALL/packed"
        answer = ada.get(place)
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
        assert "immutable" in answer.headers["Cache-Control"]
        packed = safetensors.numpy.load(gzip.decompress(answer.data))
        assert packed["vertices"].shape[2] == len(graph_arrays(SECTIONS)["vertices_mm"])
        (kept,) = tmp_path.rglob(f"{key}/surfaces/*.gz")
        kept.unlink()
        assert ada.get(place).data == answer.data
        assert kept.exists()
        error_of(ada.get(place.replace("SMALL", "OTHER")), 404)
        error_of(backend.person("max").get(place), 404)

    def test_the_surface_of_a_whole_brain_comes_in_though_other_results_are_held_smaller(
        self, backend: Backend, ada: Person
    ) -> None:
        nodes = 1_200_000
        small, rows = graph_arrays(SECTIONS), {"triangles": 2 * nodes}
        whole = {name: np.resize(each, (rows.get(name, nodes), *each.shape[1:])) for name, each in small.items()}
        content = safetensors.numpy.save(whole)
        assert len(content) > 64 << 20
        files = graph_files("SMALL", SECTIONS) | {"surfaces/SMALL.safetensors": content}
        key = done(backend, ada, graph_of(surfaced(backend, ada)), files)
        assert len(ada.get(f"{P}/mapping/{key}/surfaces/SMALL").data) == len(content)

    def test_what_the_graph_says_of_sections_is_there_to_review(self, backend: Backend, ada: Person) -> None:
        predictions = {**prediction_files(921, disc()), **prediction_files(941, disc())}
        key = done(backend, ada, graph_of(surfaced(backend, ada)), graph_files("SMALL", SECTIONS) | predictions)
        [found] = ada.read(f"{P}/sections/921/predictions")["predictions"]
        assert (found["job"], found["area"]) == (key, "hOc1")
        review = ada.send("POST", f"{P}/predictions/{found['id']}/review", {"verdict": "accepted"})
        assert review.status_code == 200
        [listed, _] = ada.read(f"{P}/mapping")["jobs"]
        assert (listed["report"]["result_state"], listed["report"]["results"]) == ("ready", [])

    def test_a_done_job_whose_results_are_on_their_way_gives_a_reason_only_where_they_are_hindered(
        self, backend: Backend, ada: Person
    ) -> None:
        key = start(ada, FEATURES).json["report"]["key"]
        backend.compute.set(key, JobState.SUCCEEDED, ResultState.READY, results=("features.json",), reason="Done.")
        backend.services.dispatch.watch()
        [listed] = [one["report"] for one in ada.read(f"{P}/mapping")["jobs"]]
        assert (listed["state"], listed["result_state"], listed["reason"]) == ("succeeded", "waiting", "")
        backend.compute.reachable = False
        backend.monitor(rounds=1)
        backend.compute.reachable = True
        backend.monitor(rounds=1)  # the file is not there
        [listed] = [one["report"] for one in ada.read(f"{P}/mapping")["jobs"]]
        assert "could not be fetched" in listed["reason"]

    def test_a_broken_surface_is_not_shown(self, backend: Backend, ada: Person) -> None:
        midsurface = surfaced(backend, ada)
        arrays = graph_arrays(SECTIONS)
        wrong = [
            b"nothing of the kind",
            safetensors.numpy.save({name: values for name, values in arrays.items() if name != "area"}),
            safetensors.numpy.save(arrays | {"area": arrays["area"][:-1].copy()}),
            safetensors.numpy.save(arrays | {"triangles": arrays["triangles"] + arrays["triangles"].dtype.type(1)}),
        ]
        for content in wrong:
            files = graph_files("SMALL", SECTIONS) | {"surfaces/SMALL.safetensors": content}
            key = start(ada, graph_of(midsurface)).json["report"]["key"]
            backend.compute.finish(key, files)
            backend.monitor(rounds=8)
            [found] = [one["report"] for one in ada.read(f"{P}/mapping")["jobs"] if one["report"]["key"] == key]
            assert (found["state"], found["result_state"]) == ("succeeded", "unavailable")
            error_of(ada.get(f"{P}/mapping/{key}/surfaces/SMALL"), 404)

    def test_a_stopped_job_stays_stopped_and_says_so(self, backend: Backend, ada: Person) -> None:
        key = start(ada, FEATURES).json["report"]["key"]
        assert ada.send("POST", f"{P}/mapping/{key}/cancel").json["report"]["state"] == "cancelled"
        backend.monitor()
        assert backend.compute.jobs[key].state == JobState.CANCELLED
        assert backend.compute.jobs[key].result_state == ResultState.INCOMPLETE


class TestBesideOtherJobs:
    def test_lists_and_routes_of_training_jobs_do_not_have_them(self, backend: Backend, ada: Person) -> None:
        key = start(ada, FEATURES).json["report"]["key"]
        run = ada.train((901, 961)).json["runs"][0]
        assert {job["report"]["key"] for job in ada.read(f"{P}/jobs")["jobs"]} == {run["train_job"], run["predict_job"]}
        assert [job["report"]["key"] for job in ada.read(f"{P}/mapping")["jobs"]] == [key]
        for place in (f"jobs/{key}", f"jobs/{key}/model", f"inspections/{key}", f"mapping/{run['train_job']}/result"):
            error_of(ada.get(f"{P}/{place}"), 404)
        error_of(ada.send("POST", f"{P}/jobs/{key}/cancel"), 404)
        assert ada.read(f"{P}/jobs/{key}/progress")["lines"]
        look = {"key": uuid4().hex, "model_job": key, "section": 921, "centre_um": [900, 800]}
        error_of(ada.send("POST", f"{P}/inspections", look), 404)
        again = ada.train((901, 961), start_job=key)
        assert "to go on from" in error_of(again, 422)["message"]

    def test_the_project_document_is_as_it_was(self, backend: Backend, ada: Person) -> None:
        start(ada, FEATURES)
        assert Project.model_validate(ada.read(P)["project"]).areas == ("hOc1", "hOc2")
