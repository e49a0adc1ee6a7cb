"""Annotation files in and out, on every store: what a file holds is what is drawn, and what is drawn is what a file holds."""

import base64
import io
import json
import zipfile
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from backend.ports import VersionConflictError
from core.formats.recognise import read
from core.formats.shapes import Frame
from tests.fakes.brain_folder import HEIGHT_PX, PIXEL_SIZE_UM, WIDTH_PX
from tests.integration.backend.api import Backend, P, Person, error_of

FRAME = Frame(PIXEL_SIZE_UM, WIDTH_PX, HEIGHT_PX)
UNIT_UM = WIDTH_PX * PIXEL_SIZE_UM / 1000
RING = [[100, 100], [200, 100], [200, 200], [100, 200]]
CURVED = [[[100, 100], [-10, 0], [10, 0]], [200, 100], [200, 200]]


def paris(name: str = "hOc1", segments: object = CURVED, **fields: object) -> dict:
    path = ["Path", {"segments": segments, "closed": True, "fillColor": [1, 0, 0, 0.5], "strokeWidth": 3}]
    return {"annotation": {"path": path, "name": name, "uid": "1f", "comment": "kept"}, "user": "anna", **fields}


def packed(name: str, document: object) -> dict:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {"name": name, "content": base64.b64encode(content).decode()}


def files(*given: dict, **more: object) -> dict:
    return {"files": given, **more}


def zipped(**documents: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, document in documents.items():
            archive.writestr(name, json.dumps(document))
    return file.getvalue()


def on(person: Person, section: int) -> list[dict]:
    return person.read(f"{P}/sections/{section}/annotations")["annotations"]


@pytest.fixture
def ada(backend: Backend) -> Person:
    return backend.person("ada")


def recognised(ada: Person, **body: object) -> dict:
    answer = ada.send("POST", f"{P}/imports/recognise", body)
    assert answer.status_code == 200, answer.text
    return answer.json


def imported(ada: Person, *given: dict, **more: object) -> list[dict]:
    body = files(*given, **{"key": uuid4().hex, "areas": {"hOc1": "hOc1"}, **more})
    answer = ada.send("POST", f"{P}/imports", body)
    assert answer.status_code == 201, answer.text
    return answer.json["sections"]


class TestRecognising:
    def test_a_file_is_told_with_its_shapes_names_and_proposed_areas_and_nothing_is_stored(self, ada: Person) -> None:
        names = ("hOc1", "Area hOc2 (V2)", "cloud")
        found = recognised(ada, **files(packed("a.json", [paris(name) for name in names]), section=901))
        (section,) = found["sections"]
        assert (section["section"], section["format"], section["coordinates"]) == (901, "microdraw-paris", "units")
        assert section["words"].startswith("Microdraw (Paris)")
        assert (section["regions"], section["problem"]) == (3, "")
        assert section["shapes"][0]["paths"][0][0] == pytest.approx([UNIT_UM * v for v in (100, 100, -10, 0, 10, 0)])
        assert [(one["name"], one["area"]) for one in found["names"]] == list(zip(names, ("hOc1", "hOc2", None), strict=True))
        assert on(ada, 901) == []

    def test_sections_follow_from_names_and_documents(self, ada: Person) -> None:
        archive = zipped(**{"x/SMALL_0921.json": [paris()], "__MACOSX/SMALL_0941.json": [paris()], "q.legend.json": {}})
        two = [paris(fileID="http://x/a.json&slice=SMALL_0901"), paris(fileID="http://x/a.json&slice=0961")]
        found = recognised(ada, **files(packed("all.zip", archive), packed("two.json", two), packed("b.json", [paris()])))
        places = [(one["file"], one["section"], one["regions"]) for one in found["sections"]]
        assert places == [("SMALL_0921.json", 921, 1), ("two.json", 901, 1), ("two.json", 961, 1), ("b.json", None, 1)]
        assert "SMALL_0901" in found["sections"][3]["problem"]

    def test_what_cannot_be_read_is_told_and_the_others_are_read(self, ada: Person) -> None:
        found = recognised(ada, **files(packed("SMALL_0901.json", b"[{"), packed("SMALL_0921.json", [paris()]), outlines=False))
        broken, whole = found["sections"]
        assert broken["problem"].startswith("SMALL_0901.json: line 1, column 3")
        assert (whole["regions"], whole["shapes"]) == (1, [])

    def test_a_damaged_zip_and_an_unknown_section_are_refused(self, ada: Person) -> None:
        broken = files(packed("a.zip", zipped(a=[paris()])[:40]))
        assert error_of(ada.send("POST", f"{P}/imports/recognise", broken), 422)["code"] == "damaged_zip"
        error_of(ada.send("POST", f"{P}/imports/recognise", files(packed("a.json", [paris()]), section=7)), 404)


class TestImporting:
    def test_regions_lie_where_the_file_says_with_curves_and_source(self, ada: Person) -> None:
        (section,) = imported(ada, packed("a.json", [paris()]), section=901)
        (region,) = on(ada, 901)
        assert section == {"file": "a.json", "section": 901, "uids": [region["uid"]], "left_out": 0, "problem": ""}
        assert region["paths"][0][0] == pytest.approx([UNIT_UM * value for value in (100, 100, -10, 0, 10, 0)])
        assert region["source"]["kind"] == "imported"
        assert (region["source"]["format"], region["source"]["name"]) == ("microdraw-paris", "hOc1")

    def test_names_without_an_area_are_left_out(self, ada: Person) -> None:
        (section,) = imported(ada, packed("a.json", [paris(), paris("x")]), section=901, areas={"x": "hOc2"})
        assert (len(section["uids"]), section["left_out"]) == (1, 1)
        assert [one["area"] for one in on(ada, 901)] == ["hOc2"]
        (nothing,) = imported(ada, packed("a.json", [paris("y")]), section=901)
        assert "no name in it was given an area" in nothing["problem"]

    def test_the_same_key_imports_once(self, ada: Person) -> None:
        key = uuid4().hex
        first = imported(ada, packed("a.json", [paris(), paris()]), section=901, key=key)
        assert imported(ada, packed("a.json", [paris(), paris()]), section=901, key=key) == first
        assert len(on(ada, 901)) == 2
        imported(ada, packed("a.json", [paris()]), section=901)
        assert len(on(ada, 901)) == 3

    def test_of_a_section_all_is_stored_or_nothing(
        self, backend: Backend, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        big = paris(segments=[[index % 900, index // 900] for index in range(150_001)])
        good, bad = packed("SMALL_0901.json", [paris()]), packed("SMALL_0921.json", [paris(), big])
        stored, refused = imported(ada, good, bad)
        assert (len(stored["uids"]), refused["uids"]) == (1, [])
        assert "150001 points" in refused["problem"]
        assert (len(on(ada, 901)), on(ada, 921)) == (1, [])
        # And when the store gives up in the middle.
        put, calls = backend.services.store.put, []

        def fail(collection: object, document_id: str, document: dict, expected: int) -> dict:
            calls.append(document_id)
            if len([one for one in calls if one.startswith("demo/") and "paths" in document and not document["deleted"]]) == 3:
                raise VersionConflictError
            return put(collection, document_id, document, expected)  # type: ignore[arg-type]

        monkeypatch.setattr(backend.services.store, "put", fail)
        (half,) = imported(ada, packed("a.json", [paris(), paris(), paris()]), section=941)
        assert half["problem"]
        assert on(ada, 941) == []

    def test_who_only_looks_may_recognise_but_not_import(self, backend: Backend) -> None:
        vera = backend.person("vera")
        body = files(packed("a.json", [paris()]), section=901)
        assert vera.send("POST", f"{P}/imports/recognise", body).status_code == 200
        error_of(vera.send("POST", f"{P}/imports", body | {"key": uuid4().hex, "areas": {"hOc1": "hOc1"}}), 403)
        error_of(vera.send("DELETE", f"{P}/imports/{uuid4().hex}"), 403)
        error_of(vera.send("POST", f"{P}/imports/{uuid4().hex}/restore"), 403)
        assert vera.read(f"{P}/imports") == {"imports": []}

    def test_an_area_of_another_project_is_refused(self, ada: Person) -> None:
        body = files(packed("a.json", [paris()]), section=901, key=uuid4().hex, areas={"hOc1": "hOc9"})
        assert error_of(ada.send("POST", f"{P}/imports", body), 422)["code"] == "unknown_area"


class TestTakingBack:
    """One import over sections 901 (two regions) and 921 (one)."""

    @pytest.fixture
    def key(self, ada: Person) -> str:
        key = uuid4().hex
        imported(ada, packed("SMALL_0901.json", [paris(), paris()]), packed("SMALL_0921.json", [paris()]), key=key)
        return key

    @staticmethod
    def take_back(ada: Person, key: str) -> tuple[int, list[tuple[int, str]]]:
        answer = ada.send("DELETE", f"{P}/imports/{key}").json
        return answer["deleted"], [(one["section"], one["why"]) for one in answer["kept"]]

    @staticmethod
    def restore(ada: Person, key: str) -> tuple[int, list[tuple[int, str]]]:
        answer = ada.send("POST", f"{P}/imports/{key}/restore").json
        return answer["restored"], [(one["section"], one["why"]) for one in answer["kept"]]

    @staticmethod
    def change(person: Person, region: dict) -> dict:
        body = {name: region[name] for name in ("section", "area", "paths", "version")}
        return person.send("PUT", f"{P}/annotations/{region['uid']}", body | {"text": "mine"}).json["annotation"]

    @staticmethod
    def listed(person: Person) -> list[tuple[int, int, bool, int]]:
        found = person.read(f"{P}/imports")["imports"]
        return [(one["sections"], one["regions"], bool(one["taken_back_at"]), one["kept"]) for one in found]

    def test_an_import_is_listed_taken_back_and_restored_on_all_its_sections(self, ada: Person, key: str) -> None:
        mine = ada.draw(901).json["annotation"]["uid"]
        before = on(ada, 901) + on(ada, 921)
        assert self.listed(ada) == [(2, 3, False, 0)]
        assert self.take_back(ada, key) == (3, [])
        assert self.listed(ada) == [(2, 3, True, 0)]
        assert [one["uid"] for one in on(ada, 901) + on(ada, 921)] == [mine]
        assert self.restore(ada, key) == (3, [])
        assert self.listed(ada) == [(2, 3, False, 0)]
        after = {one["uid"]: one for one in on(ada, 901) + on(ada, 921)}
        for one in before:
            assert after[one["uid"]]["paths"] == one["paths"]
            assert after[one["uid"]]["source"] == one["source"]
        assert self.take_back(ada, key) == (3, [])  # what was restored can be taken back once more

    def test_what_somebody_changed_or_deleted_since_is_left_alone_and_told(
        self, backend: Backend, ada: Person, key: str
    ) -> None:
        ben = self.annotator(backend, ada)
        changed = self.change(ben, on(ada, 901)[0])
        assert changed["source"]["kind"] == "imported"
        assert self.take_back(ada, key) == (2, [(901, "changed by max")])
        assert self.listed(ada) == [(2, 3, True, 1)]
        assert [one["uid"] for one in on(ada, 901) + on(ada, 921)] == [changed["uid"]]
        assert self.take_back(ada, key) == (0, [(901, "changed by max")])
        assert self.restore(ada, key) == (2, [])
        gone = on(ada, 921)[0]
        ben.send("DELETE", f"{P}/annotations/{gone['uid']}", version=gone["version"])
        assert self.take_back(ada, key) == (1, [(901, "changed by max")])
        assert self.restore(ada, key) == (1, [(921, "deleted by max")])
        assert on(ada, 921) == []

    def test_a_region_changed_and_deleted_since_it_was_taken_back_is_not_restored(self, ada: Person, key: str) -> None:
        self.take_back(ada, key)
        (deleted,) = ada.read(f"{P}/sections/921/deleted")["annotations"]
        drawn = self.change(ada, deleted)
        ada.send("DELETE", f"{P}/annotations/{drawn['uid']}", version=drawn["version"])
        assert self.restore(ada, key) == (2, [(921, "deleted by ada")])

    def test_a_region_whose_area_is_gone_stays_deleted_and_is_told(self, ada: Person, key: str) -> None:
        self.take_back(ada, key)
        before = ada.read(P)["project"]["version"]
        body = {"areas": [{"name": "hOc2", "long_name": "", "colour": "#123456"}], "version": before}
        answer = ada.send("PUT", f"{P}/areas", body)
        assert answer.status_code == 200, answer.text
        restored, kept = self.restore(ada, key)
        assert restored == 0
        assert all("hOc1" in why for _, why in kept)
        assert len(kept) == 3

    def test_an_import_that_was_taken_back_is_not_done_again_under_its_key(self, ada: Person, key: str) -> None:
        self.take_back(ada, key)
        body = files(packed("SMALL_0901.json", [paris()]), key=key, areas={"hOc1": "hOc1"})
        assert error_of(ada.send("POST", f"{P}/imports", body), 409)["code"] == "import_taken_back"

    def test_an_import_that_broke_off_is_listed_and_taken_back(
        self, backend: Backend, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put, key = backend.services.store.put, uuid4().hex

        def fail(collection: object, document_id: str, document: dict, expected: int) -> dict:
            if document.get("section") == 921 and "paths" in document:
                raise ZeroDivisionError
            return put(collection, document_id, document, expected)  # type: ignore[arg-type]

        backend.app.testing = False
        monkeypatch.setattr(backend.services.store, "put", fail)
        parts = (packed("SMALL_0901.json", [paris()]), packed("SMALL_0921.json", [paris()]))
        body = files(*parts, key=key, areas={"hOc1": "hOc1"})
        assert ada.send("POST", f"{P}/imports", body).status_code == 500
        monkeypatch.undo()
        (broken,) = ada.read(f"{P}/imports")["imports"]
        assert not broken["finished"]
        assert len(on(ada, 901)) == 1
        assert self.take_back(ada, key) == (1, [])
        assert on(ada, 901) == []

    def test_the_newest_import_is_listed_first(self, ada: Person, key: str) -> None:
        second = uuid4().hex
        imported(ada, packed("a.json", [paris()]), section=941, key=second)
        assert [one["key"] for one in ada.read(f"{P}/imports")["imports"]] == [second, key]

    @staticmethod
    def annotator(backend: Backend, ada: Person) -> Person:
        assert ada.send("PUT", f"{P}/members/max", {"role": "annotator"}).status_code == 200
        return backend.person("max")


class TestThereAndBack:
    @pytest.mark.parametrize("file_format", ["paris", "juelich", "geojson", "svg"])
    def test_what_is_exported_is_recognised_as_the_same(self, ada: Person, file_format: str) -> None:
        line = ["Path", {"segments": [[1, 2], [30, 4]]}]
        note = ["PointText", {"matrix": [1, 0, 0, 1, 50, 60], "content": "look"}]
        others = [{"annotation": {"path": item, "name": "hOc1"}} for item in (line, note)]
        imported(ada, packed("a.json", [paris(segments=RING), *others]), section=901)
        answer = ada.get(f"{P}/export", format=file_format, section=901)
        assert answer.status_code == 200
        found = read("a", answer.data, FRAME)
        assert [(one.kind, one.name) for one in found.shapes] == [("region", "hOc1"), ("line", "hOc1"), ("note", "hOc1")]
        assert found.shapes[2].text == "look"
        corners = np.array(sorted(node[:2] for node in found.shapes[0].paths[0]))
        assert np.allclose(corners, np.array(sorted(map(tuple, RING))) * UNIT_UM, atol=0.01)

    def test_fields_of_the_file_come_back_in_its_own_format(self, ada: Person) -> None:
        imported(ada, packed("a.json", [paris()]), section=901)
        (document,) = ada.get(f"{P}/export", format="paris", section=901).json
        assert (document["user"], document["annotation"]["comment"]) == ("anna", "kept")
        assert document["annotation"]["path"][1]["strokeWidth"] == 3
        assert np.allclose(document["annotation"]["path"][1]["segments"][0], CURVED[0])

    def test_a_series_exported_as_a_zip_is_imported_again(self, ada: Person) -> None:
        imported(ada, packed("SMALL_0901.json", [paris()]), packed("SMALL_0921.json", [paris(), paris("hOc2")]))
        archive = ada.get(f"{P}/export", format="juelich").data
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            assert opened.namelist() == ["SMALL_0901_annotations_juelich.json", "SMALL_0921_annotations_juelich.json"]
        found = recognised(ada, **files(packed(Path("all.zip").name, archive)))
        assert [(one["section"], one["regions"], one["problem"]) for one in found["sections"]] == [(901, 1, ""), (921, 1, "")]
