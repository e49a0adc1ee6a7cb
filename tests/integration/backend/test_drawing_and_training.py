"""Drawing and training through the API, on every store: regions, the wizard's offer, tasks and jobs."""

from uuid import uuid4

import pytest

from backend.services.dispatch import UNKNOWN_ROUNDS
from core.contracts.jobs import JobState, ResultState
from tests.integration.backend.api import BOW_TIE, SQUARE, Backend, P, Person, error_of, marks


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
        assert ada.read(f"{P}/sections/901/deleted")["annotations"] == [gone.json["annotation"]]
        assert ada.read(f"{P}/sections/921/deleted")["annotations"] == []
        assert 901 not in [number for number, found in marks(backend).items() if found]
        assert ada.draw(901, uid=uid, version=2).json["annotation"]["deleted"] is False
        assert ada.read(f"{P}/sections/901/deleted")["annotations"] == []
        history = ada.read(f"{P}/annotations/{uid}/revisions")["revisions"]
        assert [(one["version"], one["action"]) for one in history] == [(3, "restored"), (2, "deleted"), (1, "saved")]
        assert history[2]["paths"] == SQUARE

    def test_a_broken_outline_is_saved_and_its_problems_are_told(self, backend: Backend) -> None:
        saved = backend.person("ada").draw(901, BOW_TIE)
        assert [problem["kind"] for problem in saved.json["problems"]] == ["self_crossing"]
        outside = backend.person("ada").draw(921, [[[800, 800], [9000, 800], [9000, 2400]]])
        assert [problem["kind"] for problem in outside.json["problems"]] == ["outside_section"]

    @pytest.mark.parametrize(
        ("shape", "paths", "text"),
        [("line", [[[900.0, 800.0], [950.0, 900.0]]], ""), ("note", [[[900.0, 800.0]]], "torn here")],
    )
    def test_lines_and_notes_are_kept_and_count_for_nothing(
        self, backend: Backend, shape: str, paths: object, text: str
    ) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        wanted = {"section": 901, "area": "hOc1", "paths": paths, "version": 0, "shape": shape, "text": text, "order": 3}
        saved = ada.send("PUT", f"{P}/annotations/{uid}", wanted).json
        assert saved["problems"] == []
        (seen,) = ada.read(f"{P}/sections/901/annotations")["annotations"]
        assert [seen[name] for name in ("shape", "paths", "text", "order")] == [shape, paths, text, 3]
        assert not any(marks(backend).values())
        assert backend.services.annotations.live("demo") == ()
        assert backend.services.annotations.annotated_sections("demo", "hOc1") == []

    def test_drawings_come_in_their_order_the_lowest_first(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for order in (2, -1, 0):
            wanted = {"section": 901, "area": "hOc1", "paths": SQUARE, "version": 0, "order": order}
            ada.send("PUT", f"{P}/annotations/{uuid4().hex}", wanted)
        assert [one["order"] for one in ada.read(f"{P}/sections/901/annotations")["annotations"]] == [-1, 0, 2]

    def test_bezier_nodes_are_kept(self, backend: Backend) -> None:
        curved = [[[800, 800, 0, 0, 100, -50], [2400, 800], [2400, 2400, -10.5, 0.25, 0, 0]]]
        assert backend.person("ada").draw(901, curved).json["annotation"]["paths"] == curved

    @pytest.mark.parametrize(
        ("change", "status", "words"),
        [
            ({"section": 5}, 404, "no section 5"),
            ({"area": "nowhere"}, 422, "no area of project demo"),
            ({"paths": []}, 422, "paths"),
            ({"paths": [[[1, 1], [2, 2]]]}, 422, "at least 3"),
            ({"shape": "line", "paths": [[[1, 1]]]}, 422, "at least 2"),
            ({"shape": "note", "paths": [[[1, 1]]]}, 422, "says something"),
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

    def test_training_refuses_what_is_broken_with_section_and_region(self, backend: Backend) -> None:
        ada = backend.person("ada")
        broken = uuid4().hex
        ada.draw(901, BOW_TIE, uid=broken)
        ada.draw(941)
        error = error_of(ada.train((901, 941)), 422)
        assert error["code"] == "not_trainable"
        assert f"Section 901, hOc1 {broken[:4]}: " in error["message"]
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
        backend.monitor(UNKNOWN_ROUNDS - 1)
        assert ada.read(f"{P}/jobs/{key}")["report"]["state"] == "submitted"
        backend.monitor(1)
        report = ada.read(f"{P}/jobs/{key}")["report"]
        assert report["state"] == "failed"
        assert "does not know this job" in report["reason"]


class TestGlobal:
    def test_one_model_of_all_annotated_sections_fills_the_chosen_intervals(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.draw(901, uid=uid)
        for section in (921, 961):
            ada.draw(section)
        task = ada.train((921, 961), method="global").json
        [run] = task["runs"]
        assert (task["method"], task["pairs"], run["sections"]) == ("global", [[921, 961]], [901, 921, 961])
        train, predict = (backend.compute.definitions[run[kind]] for kind in ("train_job", "predict_job"))
        assert train.parameters.model_dump()["sections"] == (901, 921, 961)
        assert [one.section for one in train.inputs.annotations] == [901, 921, 961]
        assert predict.parameters.model_dump()["sections"] == (941,)
        assert predict.after == (train.key,)
        jobs = ada.read(f"{P}/jobs")["jobs"]
        assert [job["sections"] for job in jobs] == [[901, 921, 961], [901, 921, 961]]
        assert jobs[0]["report"]["title"] == "Train hOc1 901–961 from 3 sections"

    def test_a_broken_outline_on_any_section_refuses_a_global_model_only(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901, BOW_TIE)
        ada.draw(921)
        ada.draw(961)
        assert "Section 901" in error_of(ada.train((921, 961), method="global"), 422)["message"]
        assert "Section 901" in ada.read(f"{P}/training/hOc1")["global_problems"][0]
        assert ada.train((921, 961)).status_code == 201

    def test_the_offer_warns_of_a_global_model_of_few_sections(self, backend: Backend) -> None:
        ada = backend.person("ada")
        assert "two annotated sections or more" in ada.read(f"{P}/training/hOc1")["global_problems"][0]
        ada.draw(901)
        ada.draw(961)
        offer = ada.read(f"{P}/training/hOc1")
        assert offer["global_problems"] == []
        assert "Annotate more sections" in offer["global_warning"]
        ada.draw(941)
        offer = ada.read(f"{P}/training/hOc1")
        assert offer["global_warning"] == ""
        assert all(one["global_estimate_s"] >= one["estimate_s"] for one in offer["presets"])

    def test_a_global_model_with_nothing_to_predict_is_refused(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for section in (901, 921, 941, 961):
            ada.draw(section)
        assert "nothing to predict" in error_of(ada.train((901, 961), method="global"), 422)["message"]

    def test_the_same_key_with_another_method_is_another_task(self, backend: Backend) -> None:
        ada, key = backend.person("ada"), uuid4().hex
        ada.draw(901)
        ada.draw(961)
        first = ada.train((901, 961), key=key, method="global")
        assert ada.train((901, 961), key=key, method="global").json == first.json
        error_of(ada.train((901, 961), key=key), 409)


class TestGoingOnFromAModel:
    def trained(self, backend: Backend) -> tuple[Person, str]:
        ada = backend.person("ada")
        for section in (901, 941):
            ada.draw(section)
        key = ada.train((901, 941)).json["runs"][0]["train_job"]
        return ada, key

    def test_a_task_goes_on_from_the_model_of_a_training_job_that_succeeded(self, backend: Backend) -> None:
        ada, key = self.trained(backend)
        backend.compute.set(key, JobState.SUCCEEDED, ResultState.READY)
        backend.monitor()
        task = ada.train((901, 941), start_job=key).json
        assert task["start_job"] == key
        definition = backend.compute.definitions[task["runs"][0]["train_job"]]
        assert definition.parameters.model_dump()["start_model"] == key
        assert definition.after == (key,)

    def test_a_model_that_is_not_there_is_refused_in_words(self, backend: Backend) -> None:
        ada, key = self.trained(backend)
        assert "it left no model" in error_of(ada.train((901, 941), start_job=key), 422)["message"]
        error = error_of(ada.train((901, 941), start_job="f" * 32), 422)
        assert (error["code"], "no job ffff" in error["message"]) == ("no_start_model", True)
        predict = next(job for job in ada.read(f"{P}/jobs")["jobs"] if job["report"]["kind"] == "predict")["report"]["key"]
        assert "trains no model" in error_of(ada.train((901, 941), start_job=predict), 422)["message"]

    def test_a_model_of_another_architecture_is_refused(self, backend: Backend) -> None:
        ada, key = self.trained(backend)
        backend.compute.set(key, JobState.SUCCEEDED, ResultState.READY)
        backend.monitor()
        error = error_of(ada.train((901, 941), start_job=key, preset="standard"), 422)
        assert "trained a lr_unet, and this training is of a ms_unet" in error["message"]
        assert len(ada.read(f"{P}/tasks")["tasks"]) == 1
