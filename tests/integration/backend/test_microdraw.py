"""Microdraw's addresses, called as its Python client and its page call them."""

import io
import json
from datetime import timedelta

import numpy as np
import pytest
from flask.testing import FlaskClient

from backend.routes.microdraw import REFUSED
from tests.fakes.brain_folder import PIXEL_SIZE_UM, WIDTH_PX
from tests.integration.backend.api import Backend, P, Person, error_of

SOURCE = "https://old.example.org/brains/SMALL.json"
UNIT_UM = WIDTH_PX * PIXEL_SIZE_UM / 1000
PLACE = {"source": SOURCE, "project": "demo", "slice": "0"}  # the first section: 901
POLYGON = [[100, 100], [200, 100], [200, 200], [100, 200]]


def client_json(*polygons: list, name: str = "hOc1") -> bytes:
    """As the Python client writes polygons."""
    style = {"closed": True, "fillColor": [1, 0, 0], "strokeColor": [0, 0, 0], "strokeScaling": False}
    paths = [["Path", {"applyMatrix": True, "segments": polygon, **style}] for polygon in polygons]
    return json.dumps([{"annotation": {"path": path, "name": name}} for path in paths]).encode()


def upload(client: FlaskClient, token: str, content: bytes, action: str = "save", **place: str):
    query = {**PLACE, **place, "action": action, "token": token}
    return client.post("/api/upload", query_string=query, data={"data": (io.BytesIO(content), "polygon.json")})


def download(client: FlaskClient, token: str, **more: str) -> list[dict]:
    answer = client.get("/api", query_string={**PLACE, "token": token, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def ada(backend: Backend) -> Person:
    return backend.person("ada")


@pytest.fixture
def token(ada: Person) -> str:
    answer = ada.get("/token").json
    assert answer["username"] == "ada"
    return answer["token"]


@pytest.fixture
def program(backend: Backend) -> FlaskClient:
    """A program without a cookie."""
    return backend.app.test_client()


def test_polygons_are_uploaded_and_downloaded_by_token(program: FlaskClient, token: str, ada: Person) -> None:
    assert upload(program, token, client_json(POLYGON)).json == {"success": True, "saved": 1, "removed": 0}
    (region,) = ada.read(f"{P}/sections/901/annotations")["annotations"]
    assert np.allclose(region["paths"][0], np.array(POLYGON) * UNIT_UM)
    (document,) = download(program, token)
    assert document["annotation"]["path"][0] == "Path"
    assert document["annotation"]["path"][1]["segments"] == POLYGON
    assert (document["annotation"]["name"], document["user"], document["project"]) == ("hOc1", "ada", "demo")
    assert document["fileID"] == f"{SOURCE}&slice=0"


def test_append_adds_and_save_replaces_ones_own_regions(program: FlaskClient, token: str) -> None:
    upload(program, token, client_json(POLYGON))
    assert upload(program, token, client_json(POLYGON[:3], POLYGON[1:]), "append").json["saved"] == 2
    assert len(download(program, token)) == 3
    assert upload(program, token, client_json(POLYGON)).json == {"success": True, "saved": 0, "removed": 2}
    assert len(download(program, token)) == 1


def test_the_same_upload_again_changes_nothing_and_brings_back_what_was_deleted(program: FlaskClient, token: str) -> None:
    for action in ("append", "append", "save"):
        upload(program, token, client_json(POLYGON), action)
        assert len(download(program, token)) == 1
    upload(program, token, client_json(POLYGON[:3]))
    assert upload(program, token, client_json(POLYGON)).json == {"success": True, "saved": 1, "removed": 1}
    assert len(download(program, token)) == 1


def test_the_page_saves_by_uid(program: FlaskClient, token: str, ada: Person) -> None:
    upload(program, token, client_json(POLYGON, POLYGON[:3], POLYGON[1:]))
    first, second, third = (document["annotation"] for document in download(program, token))
    first["path"][1]["segments"][0] = [90, 90]
    body = {"Regions": [first, second], "RegionsToRemove": [third["uid"]], "Hash": "0"}
    posted = {**PLACE, "action": "save", "Hash": "0", "annotation": json.dumps(body)}
    assert ada.send("POST", "/api", posted).json == {"success": True, "saved": 1, "removed": 1}
    after = {document["annotation"]["uid"]: document["annotation"] for document in download(program, token)}
    assert set(after) == {first["uid"], second["uid"]}
    assert after[first["uid"]]["path"][1]["segments"][0] == [90, 90]
    backups = [document for document in download(program, token, backup="") if document.get("backup")]
    assert [document["annotation"]["path"][1]["segments"][0] for document in backups] == [[100, 100]]
    assert error_of(program.post("/api", json=posted), 401)
    assert error_of(ada.client.post("/api", json=posted), 403)["code"] == "csrf_token_missing"


def test_slices_are_places_in_the_series_or_names(program: FlaskClient, token: str) -> None:
    upload(program, token, client_json(POLYGON), slice="1")
    for name in ("1", "SMALL_0921", "SMALL S0921", "0921"):
        assert len(download(program, token, slice=name)) == 1
    error_of(program.get("/api", query_string={**PLACE, "token": token, "slice": "9999"}), 404)
    error_of(program.get("/api", query_string={**PLACE, "token": token, "source": "http://x/OTHER.json"}), 404)


def test_old_links_lead_to_the_section(ada: Person, program: FlaskClient) -> None:
    for path, query in (
        ("/data", {**PLACE, "slice": "1"}),
        ("/data", {"source": SOURCE, "slice": "1"}),
        ("/project/demo", {"slice": "1"}),
    ):
        answer = ada.client.get(path, query_string=query)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/p/demo/s/921")
    for lost in ({"source": "http://x/OTHER.json"}, {"slice": "99999"}, {"source": "http://[", "slice": "x"}):
        assert ada.client.get("/data", query_string=lost).headers["Location"] == "/"
    assert program.get("/data", query_string=PLACE).headers["Location"] == "/"


def test_projects_and_sources_are_described(program: FlaskClient, token: str, ada: Person) -> None:
    assert program.get("/project/json", query_string={"token": token}).json == ["demo"]
    project = program.get("/project/json/demo", query_string={"token": token}).json
    assert (project["shortname"], project["owner"]) == ("demo", "ada")
    (file,) = project["files"]["list"]
    source = ada.client.get(file["source"]).json
    assert len(source["tileSources"]) == len(ada.read("/api/brains/SMALL")["sections"])
    assert source["pixelsPerMeter"] == pytest.approx(1e6 / PIXEL_SIZE_UM)


def test_rights_are_those_of_the_project(backend: Backend, program: FlaskClient, token: str) -> None:
    vera, stranger = (backend.person(name).get("/token").json["token"] for name in ("vera", "max"))
    assert download(program, vera) == []
    error_of(upload(program, vera, client_json(POLYGON)), 403)
    error_of(upload(program, stranger, client_json(POLYGON)), 404)
    error_of(program.get("/project/json/demo", query_string={"token": stranger}), 404)
    assert program.get("/project/json", query_string={"token": stranger}).json == []


def test_a_token_ends_and_is_no_session(backend: Backend, program: FlaskClient, token: str) -> None:
    program.set_cookie("brodmann_session", token)
    error_of(program.get("/api/projects"), 401)
    error_of(program.get("/token", query_string={"token": token}), 401)
    tokens = backend.services.microdraw_tokens
    now = tokens._clock.now()

    class Later:
        def now(self):
            return now + timedelta(hours=25)

    tokens._clock = Later()  # type: ignore[assignment]
    error_of(program.get("/api", query_string={**PLACE, "token": token}), 401)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[{", "line 1"),
        (client_json(POLYGON, name="cloud"), "cloud is no area"),
        (json.dumps([{"annotation": {"path": ["Raster", {}], "name": "hOc1"}}]).encode(), "Raster"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words(program: FlaskClient, token: str, content: bytes, words: str) -> None:
    assert words in error_of(upload(program, token, content), 422)["message"]
    assert download(program, token) == []


@pytest.mark.parametrize("name", REFUSED)
def test_proxies_and_logins_by_link_are_refused(ada: Person, name: str) -> None:
    error_of(ada.client.get(f"/{name}", query_string={"source": "http://127.0.0.1/"}), 404)
