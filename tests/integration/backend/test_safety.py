"""Who may do what, and how the API refuses: every error in the one shape, with words that help."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from backend.ports import DocumentStore
from backend.routes.binding import COOKIE
from backend.routes.microdraw import PREFIX
from backend.services.sessions import LIFETIME
from backend.stores.sqlite import SqliteStore
from core.contracts.routes import ROUTES, Route
from core.contracts.schema import openapi
from tests.fakes.clock import FakeClock
from tests.integration.backend.api import PASSWORD, Backend, P, Person, error_of

UNKNOWN = {
    "brain": "NOBODY",
    "project": "nowhere",
    "section": "77",
    "user": "nobody",
    "uid": "f" * 32,
    "area": "V9",
    "job": "e" * 32,
    "prediction": "d" * 32,
    "picture": "image.png",
    "page": "b" * 32,
    "version": "0" * 16,
    "level": "0",
    "column": "0",
    "row": "0",
    "key": "c" * 32,
}
BODIES: dict[str, object] = {
    "log_in": {"name": "nobody", "password": "x"},
    "change_password": {"current": "x", "wanted": "long enough"},
    "create_project": {"id": "x", "title": "x", "brain": "NOBODY", "areas": ["hOc1"]},
    "set_member": {"role": "viewer"},
    "save_areas": {"areas": [{"name": "hOc1", "long_name": "", "colour": "#123456"}], "version": 1},
    "save_annotation": {"section": 901, "area": "hOc1", "paths": [[[1, 1], [2, 1], [2, 2]]], "version": 0},
    "create_task": {"key": "c" * 32, "area": "hOc1", "pairs": [[901, 961]], "preset": "tiny"},
    "create_mapping": {"key": "c" * 32, "parameters": {"kind": "features", "areas": ["hOc1", "hOc2"]}},
    "create_inspection": {"key": "c" * 32, "model_job": "e" * 32, "section": 901, "centre_um": [800, 800]},
    "review_prediction": {"verdict": "accepted"},
    "create_brain_job": {"key": "c" * 32, "kind": "tissue"},
    "save_tissue_correction": {"version": 0, "strokes": []},
    "set_step": {"transform": {}},
    "recognise_import": {"files": [{"name": "a", "content": "YQ=="}]},
    "create_import": {"files": [{"name": "a", "content": "YQ=="}], "key": "c" * 32, "areas": {}},
    "tell_presence": {"page": "b" * 32, "section": 901},
}
WITH_IDS = [route for route in ROUTES if "{" in route.path]
WITH_BODY = [route for route in ROUTES if route.body is not None]
NOT_PUBLIC = [route for route in ROUTES if not route.public]


def name_of(route: Route) -> str:
    return route.name


def address(route: Route, known: dict[str, str] | None = None) -> str:
    """The route's path with ids that do not exist, but for those given."""
    return re.sub(r"\{(\w+)\}", lambda match: (UNKNOWN | (known or {}))[match[1]], route.path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, brains_folder: Path) -> Backend:
    """One backend for the tests that change nothing."""
    folder = tmp_path_factory.mktemp("safety")
    return Backend(SqliteStore(folder / "test.sqlite3"), folder, brains_folder)


@pytest.fixture(scope="module")
def ada(running: Backend) -> Person:
    return running.person("ada")


class TestTheTable:
    def test_the_application_has_exactly_the_routes_of_the_table(self, running: Backend) -> None:
        served = {
            (re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule), method)
            for rule in running.app.url_map.iter_rules()
            if not rule.endpoint.startswith(PREFIX)  # Microdraw's addresses: test_microdraw.py
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        assert served == {(route.path, route.method) for route in ROUTES}

    def test_the_openapi_document_is_the_one_made_from_the_table(self, running: Backend) -> None:
        assert running.app.test_client().get("/api/openapi.json").json == openapi()

    @pytest.mark.parametrize("route", NOT_PUBLIC, ids=name_of)
    def test_nobody_gets_in_without_logging_in(self, running: Backend, route: Route) -> None:
        answer = running.app.test_client().open(address(route), method=route.method, json=BODIES.get(route.name))
        assert error_of(answer, 401)["code"] == "not_logged_in"

    @pytest.mark.parametrize("route", WITH_IDS, ids=name_of)
    def test_unknown_ids_are_not_found(self, ada: Person, route: Route) -> None:
        error = error_of(ada.send(route.method, address(route), BODIES.get(route.name), version=1, format="png"), 404)
        assert error["code"] == "not_found"

    @pytest.mark.parametrize("route", [route for route in WITH_IDS if "{project}" in route.path], ids=name_of)
    def test_unknown_ids_within_a_known_project_are_refused_too(self, ada: Person, route: Route) -> None:
        beyond = [name for name in re.findall(r"\{(\w+)\}", route.path) if name not in ("project", "uid")]
        if not beyond or route.name in ("remove_member", "leave_presence"):
            return  # nothing further can be unknown; taking out who is out already is no error
        error_of(ada.send(route.method, address(route, {"project": "demo"}), BODIES.get(route.name), format="png"), 404)

    @pytest.mark.parametrize("route", [route for route in WITH_IDS if "{brain}/" in route.path], ids=name_of)
    def test_unknown_ids_within_a_known_brain_are_refused_too(self, ada: Person, route: Route) -> None:
        if "{" in route.path.removeprefix("/api/brains/{brain}"):
            error_of(ada.send(route.method, address(route, {"brain": "SMALL"}), BODIES.get(route.name)), 404)

    @pytest.mark.parametrize("route", [route for route in NOT_PUBLIC if route.method != "GET"], ids=name_of)
    def test_a_change_without_the_csrf_token_is_refused(self, ada: Person, route: Route) -> None:
        for token in ({}, {"X-CSRF-Token": "0" * 64}):
            answer = ada.client.open(address(route), method=route.method, json=BODIES.get(route.name), headers=token)
            assert error_of(answer, 403)["code"] == "csrf_token_missing"

    @pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
    def test_malformed_json_is_told(self, ada: Person, route: Route) -> None:
        headers = {"X-CSRF-Token": ada.csrf_token, "Content-Type": "application/json"}
        for broken in (b'{"a": ', b"\xff\xfe", b"", b"[" * 100_000):
            answer = ada.client.open(address(route), method=route.method, data=broken, headers=headers)
            assert "JSON" in error_of(answer, 400)["message"]

    @pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
    def test_a_body_of_another_shape_is_told_with_the_field(self, ada: Person, route: Route) -> None:
        for wrong in ([], {"nonsense": 1}, "text", None):
            error = error_of(ada.send(route.method, address(route), wrong if wrong is not None else {}), 422)
            assert error["code"] == "invalid_request"
            assert error["details"]["problems"]

    @pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
    def test_a_body_that_is_not_json_is_refused(self, ada: Person, route: Route) -> None:
        headers = {"X-CSRF-Token": ada.csrf_token, "Content-Type": "text/plain"}
        answer = ada.client.open(address(route), method=route.method, data="name=ada", headers=headers)
        error_of(answer, 415)

    @pytest.mark.parametrize("route", ROUTES, ids=name_of)
    def test_another_method_is_refused_in_the_same_shape(self, ada: Person, route: Route) -> None:
        answer = ada.client.open(address(route), method="PATCH")
        error_of(answer, 405)
        assert route.method in answer.headers["Allow"]

    @pytest.mark.parametrize("path", ["/", "/api/nothing", "/api/brains/SMALL/sections/x/pyramid", "/api/../etc"])
    def test_an_unknown_address_is_refused_in_the_same_shape(self, ada: Person, path: str) -> None:
        error_of(ada.get(path), 404)

    def test_nan_and_infinity_are_refused(self, ada: Person) -> None:
        for number in ("NaN", "Infinity", "1e999"):
            body = f'{{"section": 901, "area": "hOc1", "version": 0, "paths": [[[1, 1], [2, 1], [{number}, 2]]]}}'
            headers = {"X-CSRF-Token": ada.csrf_token, "Content-Type": "application/json"}
            answer = ada.client.put(f"{P}/annotations/{uuid4().hex}", data=body, headers=headers)
            error_of(answer, 422)

    def test_a_query_parameter_that_is_no_number_is_refused(self, ada: Person) -> None:
        for text in ("-1", "1.5", "x", "1" * 30):
            assert "after" in error_of(ada.get(f"{P}/changes", after=text), 422)["message"]

    def test_a_body_beyond_the_limit_is_refused_with_the_limit(self, ada: Person) -> None:
        answer = ada.client.post(
            "/api/projects",
            data=b"x" * (65 << 20),
            headers={"X-CSRF-Token": ada.csrf_token, "Content-Type": "application/json"},
        )
        assert "64 MB" in error_of(answer, 413)["message"]

    def test_a_mistake_of_ours_is_told_without_its_insides(self, running: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("secret insides")

        monkeypatch.setattr(running.services.brains, "all", fail)
        answer = running.person("ada").get("/api/brains")
        assert error_of(answer, 500)["code"] == "internal_error"
        assert "secret" not in answer.text

    def test_every_answer_carries_the_safety_headers(self, ada: Person) -> None:
        for path in ("/api/brains", "/api/nothing"):
            headers = ada.get(path).headers
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"


class TestSessions:
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def backend(self, store: DocumentStore, tmp_path: Path, brains_folder: Path, clock: FakeClock) -> Backend:
        return Backend(store, tmp_path, brains_folder, clock)

    def log_in(self, client: FlaskClient, name: str, password: str) -> int:
        return client.post("/api/session", json={"name": name, "password": password}).status_code

    def test_the_cookie_is_for_this_site_and_not_for_scripts(self, backend: Backend) -> None:
        answer = backend.app.test_client().post("/api/session", json={"name": "ada", "password": PASSWORD})
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie

    def test_the_session_says_who_is_logged_in(self, backend: Backend) -> None:
        ada = backend.person("ada")
        assert ada.read("/api/session") == {
            "user": {"name": "ada", "display_name": "Ada"},
            "csrf_token": ada.csrf_token,
        }

    def test_a_changed_password_ends_the_other_sessions_and_needs_the_old_one(self, backend: Backend) -> None:
        here, elsewhere, vera = backend.person("ada"), backend.person("ada"), backend.person("vera")
        change = "/api/session/password"
        wrong = here.send("PUT", change, {"current": "guessed", "wanted": "a new password"})
        assert error_of(wrong, 422)["code"] == "wrong_password"
        error_of(here.send("PUT", change, {"current": PASSWORD, "wanted": "short"}), 422)
        assert elsewhere.get("/api/session").status_code == 200
        assert here.send("PUT", change, {"current": PASSWORD, "wanted": "a new password"}).status_code == 204
        assert (here.get("/api/session").status_code, vera.get("/api/session").status_code) == (200, 200)
        error_of(elsewhere.get("/api/session"), 401)
        login = {"name": "ada", "password": PASSWORD}
        error_of(backend.app.test_client().post("/api/session", json=login), 401)
        again = backend.app.test_client().post("/api/session", json=login | {"password": "a new password"})
        assert again.status_code == 200

    def test_guessing_the_current_password_has_to_wait(self, backend: Backend) -> None:
        ada = backend.person("ada")
        guess = {"current": "guessed", "wanted": "a new password"}
        codes = [ada.send("PUT", "/api/session/password", guess).status_code for _ in range(6)]
        assert codes[-1] == 429

    def test_wrong_name_and_wrong_password_are_told_alike(self, backend: Backend) -> None:
        client = backend.app.test_client()
        errors = [
            error_of(client.post("/api/session", json={"name": name, "password": "wrong"}), 401) for name in ("ada", "nobody")
        ]
        assert errors[0] == errors[1]
        assert errors[0]["code"] == "wrong_password"

    def test_guessing_has_to_wait_longer_and_longer(self, backend: Backend, clock: FakeClock) -> None:
        client = backend.app.test_client()
        assert [self.log_in(client, "ada", "wrong") for _ in range(6)] == [401] * 5 + [429]
        answer = client.post("/api/session", json={"name": "ada", "password": PASSWORD})
        assert error_of(answer, 429)["details"] == {"retry_after_s": 1}
        assert answer.headers["Retry-After"] == "1"
        assert self.log_in(client, "vera", PASSWORD) == 200
        clock.advance(1.1)
        assert self.log_in(client, "ada", "wrong") == 401
        clock.advance(1.1)
        assert self.log_in(client, "ada", PASSWORD) == 429
        clock.advance(1.1)
        assert self.log_in(client, "ada", PASSWORD) == 200
        assert self.log_in(client, "ada", "wrong") == 401
        assert self.log_in(client, "ada", PASSWORD) == 200

    def test_after_logging_out_the_cookie_opens_nothing(self, backend: Backend) -> None:
        ada = backend.person("ada")
        cookie = ada.client.get_cookie(COOKIE)
        assert cookie is not None
        assert ada.send("DELETE", "/api/session").status_code == 204
        ada.client.set_cookie(COOKIE, cookie.value)
        assert "ended" in error_of(ada.get("/api/session"), 401)["message"]

    def test_a_session_ends_by_itself(self, backend: Backend, clock: FakeClock) -> None:
        ada = backend.person("ada")
        clock.advance((LIFETIME + timedelta(seconds=1)).total_seconds())
        error_of(ada.get("/api/session"), 401)

    def test_the_store_holds_neither_tokens_nor_passwords(self, tmp_path: Path, brains_folder: Path) -> None:
        store = SqliteStore(tmp_path / "test.sqlite3")
        backend = Backend(store, tmp_path, brains_folder)
        cookie = backend.person("ada").client.get_cookie(COOKIE)
        assert cookie is not None
        store.close()
        held = b"".join(path.read_bytes() for path in tmp_path.glob("test.sqlite3*"))
        assert b"$argon2id$" in held
        assert cookie.value.encode() not in held
        assert PASSWORD.encode() not in held


class TestRoles:
    def test_to_a_stranger_a_project_does_not_exist(self, backend: Backend) -> None:
        stranger = backend.person("max")
        assert stranger.read("/api/projects")["projects"] == []
        unknown = error_of(stranger.get("/api/projects/nowhere"), 404)
        hidden = error_of(stranger.get(P), 404)
        assert hidden["message"] == unknown["message"].replace("nowhere", "demo")

    def test_a_viewer_looks_and_changes_nothing(self, backend: Backend) -> None:
        vera = backend.person("vera")
        assert vera.read(f"{P}/sections")["sections"]
        for answer in (
            vera.draw(901),
            vera.train((901, 961)),
            vera.send("PUT", f"{P}/members/max", {"role": "viewer"}),
            vera.send("POST", f"{P}/predictions/{'a' * 32}/review", {"verdict": "accepted"}),
            vera.send("POST", f"{P}/jobs/{'a' * 32}/cancel"),
        ):
            error = error_of(answer, 403)
            assert error["message"].startswith("As viewer of project demo you may not")

    def test_an_annotator_draws_but_does_not_manage(self, backend: Backend) -> None:
        backend.person("ada").send("PUT", f"{P}/members/max", {"role": "annotator"})
        assert backend.person("max").draw(901).status_code == 200
        error_of(backend.person("max").send("DELETE", f"{P}/members/vera"), 403)

    def test_a_project_keeps_a_manager(self, backend: Backend) -> None:
        ada = backend.person("ada")
        assert "no manager" in error_of(ada.send("DELETE", f"{P}/members/ada"), 409)["message"]
        error_of(ada.send("PUT", f"{P}/members/ada", {"role": "viewer"}), 409)
        ada.send("PUT", f"{P}/members/vera", {"role": "manager"})
        assert ada.send("DELETE", f"{P}/members/ada").status_code == 200
        error_of(ada.get(P), 404)

    def test_a_project_needs_a_free_name_and_areas_the_brain_has(self, backend: Backend) -> None:
        ada = backend.person("ada")
        new = {"id": "demo", "title": "x", "brain": "SMALL", "areas": ["hOc1"]}
        assert "already a project demo" in error_of(ada.send("POST", "/api/projects", new), 409)["message"]
        unknown = error_of(ada.send("POST", "/api/projects", {**new, "id": "y", "areas": ["V9"]}), 422)
        assert "has an area V9" in unknown["message"]
        error_of(ada.send("POST", "/api/projects", {**new, "id": "../x"}), 422)

    def test_the_same_uid_in_two_projects_is_two_regions(self, backend: Backend) -> None:
        ada, uid = backend.person("ada"), uuid4().hex
        ada.send("POST", "/api/projects", {"id": "other", "title": "x", "brain": "SMALL", "areas": ["hOc1"]})
        assert ada.draw(901, uid=uid).status_code == 200
        body = {"section": 901, "area": "hOc1", "paths": [[[1, 1], [2, 1], [2, 2]]], "version": 0}
        assert ada.send("PUT", f"/api/projects/other/annotations/{uid}", body).status_code == 200
        assert ada.read(f"{P}/sections/901/annotations")["annotations"][0]["paths"] != body["paths"]
