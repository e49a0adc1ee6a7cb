import io
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from compute_service import app as app_module
from compute_service.app import create_app
from compute_service.ports import JobPaths
from compute_service.settings import Settings
from core.contracts.api import ErrorResponse, JobLog, JobProgress
from core.contracts.datasets import Brain
from core.contracts.jobs import JobReport, JobState, Outcome, Progress
from core.datasets import BrainFolder, write_brain
from tests.fakes.jobs import prediction_job, training_job

TOKEN = "a-token-made-for-a-test-only-0123456789"
NOWHERE = uuid4().hex


@pytest.fixture
def settings(tmp_path):
    for name in ("brains", "jobs"):
        (tmp_path / name).mkdir()
    (tmp_path / "token").write_text(TOKEN)
    return Settings(brains=tmp_path / "brains", jobs=tmp_path / "jobs", token_file=tmp_path / "token", slots_cpus=2)


@pytest.fixture
def app(settings):
    return create_app(settings)


@pytest.fixture
def client(app):
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def send(client, definition):
    return client.post("/jobs", data=definition.model_dump_json(), content_type="application/json")


@pytest.fixture
def key(client):
    return send(client, training_job()).get_json()["key"]


def error_of(response):
    return ErrorResponse.model_validate_json(response.data).error


def test_a_new_job_is_created_and_the_same_again_is_only_shown(client):
    definition = training_job()
    first, second = send(client, definition), send(client, definition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert JobReport.model_validate_json(first.data) == JobReport.model_validate_json(second.data)


def test_a_taken_key_is_a_conflict(client, key):
    response = send(client, training_job(key=key, title="another"))
    assert (response.status_code, error_of(response).code) == (409, "key_conflict")


def test_an_unknown_dependency_is_named(client):
    train = training_job()
    response = send(client, prediction_job(train))
    assert (response.status_code, error_of(response).code) == (422, "unknown_dependency")
    assert train.key in error_of(response).message


def test_a_body_that_is_no_json_is_said_to_be_none(client):
    response = client.post("/jobs", data=b'{"key": ')
    assert (response.status_code, error_of(response).code) == (400, "malformed_json")


def test_an_invalid_definition_says_where_and_what(client):
    document = json.loads(training_job().model_dump_json()) | {"key": "../../etc", "surprise": 1}
    response = client.post("/jobs", json=document)
    error = error_of(response)
    assert (response.status_code, error.code) == (422, "invalid")
    assert {problem["where"] for problem in error.details["problems"]} == {"key", "surprise"}
    assert "JobDefinition" in error.message


def test_a_body_over_the_limit_is_refused_with_the_limit(client, monkeypatch):
    size = app_module.BODY_LIMIT_BYTES + 1
    response = client.post("/jobs", input_stream=io.BytesIO(b" " * size), content_length=size)
    assert (response.status_code, error_of(response).code) == (413, "body_too_large")
    assert "64 MiB" in error_of(response).message


def test_jobs_are_listed_by_key_and_unknown_ones_left_out(client, key):
    response = client.get(f"/jobs?keys={key},{NOWHERE}")
    assert [JobReport.model_validate(each).key for each in response.get_json()["jobs"]] == [key]
    assert client.get("/jobs").get_json() == {"jobs": []}
    assert client.get("/jobs?keys=nonsense").status_code == 422
    assert client.get("/jobs?keys=" + ",".join([NOWHERE] * 101)).status_code == 422


def test_progress_is_read_on_from_an_offset(client, settings, key):
    lines = [Progress(at=datetime(2026, 2, 1, tzinfo=UTC), phase="training", step=step, of=3) for step in (1, 2)]
    path = JobPaths(settings.jobs / key).progress
    path.write_text("".join(line.model_dump_json() + "\n" for line in lines))
    first = JobProgress.model_validate_json(client.get(f"/jobs/{key}/progress").data)
    assert first.lines == tuple(lines)
    rest = JobProgress.model_validate_json(client.get(f"/jobs/{key}/progress?offset={first.next_offset}").data)
    assert rest.lines == ()


@pytest.mark.parametrize("offset", ["-1", "x", "1.5"])
def test_an_impossible_offset_is_invalid(client, key, offset):
    response = client.get(f"/jobs/{key}/progress?offset={offset}")
    assert (response.status_code, error_of(response).code) == (422, "invalid")


def test_the_log_is_read(client, settings, key):
    JobPaths(settings.jobs / key).log.write_text("hello\n")
    assert JobLog.model_validate_json(client.get(f"/jobs/{key}/log").data) == JobLog(text="hello\n", truncated=False)


def test_cancelling_says_that_the_job_is_being_stopped(client, settings, key):
    report = JobReport.model_validate_json(client.post(f"/jobs/{key}/cancel").data)
    assert report.reason == "Being stopped."
    assert JobPaths(settings.jobs / key).cancel_request.exists()


def test_a_result_named_in_the_outcome_is_sent_and_nothing_else(client, settings, key):
    paths = JobPaths(settings.jobs / key)
    (paths.results / "predictions").mkdir()
    (paths.results / "predictions" / "911_label.png").write_bytes(b"\x89PNG")
    outcome = Outcome(
        state="succeeded", message="", results=("predictions/911_label.png",), finished_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
    paths.outcome.write_text(outcome.model_dump_json())
    record = json.loads(paths.record.read_text()) | {"state": JobState.SUCCEEDED}
    paths.record.write_text(json.dumps(record))
    with client.get(f"/jobs/{key}/results/predictions/911_label.png") as response:
        assert (response.status_code, response.data) == (200, b"\x89PNG")
    for name in ("predictions/../../job.json", "..%2fjob.json", "%2e%2e/state.json", "predictions", "model.json"):
        response = client.get(f"/jobs/{key}/results/{name}")
        assert response.status_code == 404
        assert error_of(response).code == "result_not_found"


def test_health_names_version_scheduler_and_brains(client, settings):
    brain = Brain(id="B1", title="t", provenance="made for a test", pixel_size_um=1, section_thickness_um=20, sections=())
    write_brain(settings.brains / "B1", brain)
    health = client.get("/health").get_json()
    assert set(health) == {"status", "version", "scheduler", "brains"}
    assert health["scheduler"] == "local"
    assert health["brains"] == {"B1": BrainFolder(settings.brains / "B1").fingerprint()}


def test_health_is_degraded_while_no_poller_is_there(client):
    assert client.get("/health").get_json()["status"] == "degraded"


def every_route(app):
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<key>", NOWHERE).replace("<path:name>", "model.json")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, path


def test_every_route_wants_the_token(app):
    stranger = app.test_client()
    routes = list(every_route(app))
    assert len(routes) == 9
    for method, path in [*routes, ("GET", "/no/such/route")]:
        for headers in ({}, {"Authorization": "Bearer " + "x" * 39}, {"Authorization": TOKEN}, {"Authorization": "Bearer ü"}):
            response = stranger.open(path, method=method, headers=headers)
            assert (response.status_code, error_of(response).code) == (401, "unauthorised"), (method, path, headers)
            assert response.headers["WWW-Authenticate"] == "Bearer"


def test_every_route_of_a_job_answers_an_unknown_key_in_the_one_shape(app, client):
    for method, path in every_route(app):
        if NOWHERE in path:
            response = client.open(path, method=method)
            assert (response.status_code, error_of(response).code) == (404, "job_not_found"), (method, path)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/no/such/route", 404), ("DELETE", "/jobs", 405)])
def test_what_does_not_exist_is_answered_in_the_one_shape(client, method, path, status):
    response = client.open(path, method=method)
    assert response.status_code == status
    assert error_of(response).message


def test_a_mistake_of_the_service_is_answered_in_the_one_shape_without_its_details(app, client, settings, key):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    JobPaths(settings.jobs / key).progress.mkdir()  # Nothing expects a folder there.
    response = client.get(f"/jobs/{key}/progress")
    assert (response.status_code, error_of(response).code) == (500, "internal_error")
    assert str(settings.jobs) not in response.text
