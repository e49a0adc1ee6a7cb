"""What the page of a brain shows and changes: sections with their state, jobs, tissue classes and steps by hand."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from backend.ports import DocumentStore
from core.contracts.anatomy import TissueCorrection
from core.datasets import BrainFolder, write_tissue, write_tissue_correction
from tests.fakes.brain_folder import NUMBERS, write_small_brain
from tests.fakes.brain_results import GRID, labels_of
from tests.integration.backend.api import Backend, P, Person, error_of
from tests.integration.backend.processes import started

B = "/api/brains/SMALL"
STROKE = {"tissue": "background", "radius_um": 200.0, "points": [[1000.0, 1000.0], [3000.0, 1000.0]]}
SETS_STEPS = """
import sys
from pathlib import Path
from backend.services.alignment import AlignmentByHand
from backend.services.brains import Brains
from core.contracts.datasets import RigidTransform

class Anybody:
    def require_on_brain(self, user, brain):
        pass

by_hand = AlignmentByHand(Brains(Path(sys.argv[1])), Anybody())
for dx_um in range(1, 41):
    by_hand.set_step("ada", "SMALL", int(sys.argv[2]), RigidTransform(dx_um=dx_um))
"""


@pytest.fixture
def brain(tmp_path: Path) -> BrainFolder:
    """A brain of its own for each test: they change it."""
    return BrainFolder(write_small_brain(tmp_path / "brains"))


@pytest.fixture
def backend(store: DocumentStore, tmp_path: Path, brain: BrainFolder) -> Backend:
    return Backend(store, tmp_path, brain.path.parent)


@pytest.fixture
def ada(backend: Backend) -> Person:
    return backend.person("ada")


def job(kind: str, *sections: int, key: str = "a") -> dict[str, object]:
    return {"key": key * 32, "kind": kind, "sections": sections}


def picture(person: Person, section: int) -> Image.Image:
    version = person.read(f"{B}/sections/{section}/tissue")["version"]
    answer = person.get(f"{B}/sections/{section}/tissue/{version}")
    assert "immutable" in answer.headers["Cache-Control"]
    return Image.open(io.BytesIO(answer.data)).convert("RGBA")


def test_each_section_is_told_with_its_state(backend: Backend, brain: BrainFolder) -> None:
    (brain.path / "tissue" / "SMALL_0921.png").unlink()
    stroke = TissueCorrection.model_validate({"section": 941, "version": 1, "strokes": [STROKE]})
    write_tissue_correction(brain.path, "SMALL", stroke)
    write_tissue_correction(brain.path, "SMALL", TissueCorrection(section=961, version=2))
    brain.section_path(961).unlink()
    sections = backend.person("max").read(f"{B}/sections")["sections"]
    assert [one["number"] for one in sections] == list(NUMBERS)
    assert [one["tissue"] for one in sections] == ["computed", "missing", "corrected", "computed"]
    assert [one["step"] and one["step"]["successor"] for one in sections] == [921, 941, 961, None]
    assert [bool(one["problem"]) for one in sections] == [False, False, False, True]
    assert "sections/SMALL_0961.tif is missing" in sections[3]["problem"]
    assert (sections[0]["width_mm"], sections[0]["height_mm"]) == (5.6, 4.0)


def test_a_brain_that_was_never_aligned_has_no_steps(ada: Person, brain: BrainFolder) -> None:
    (brain.path / "alignment.json").unlink()
    assert ada.read(f"{B}/alignment") == {"format_version": 1, "base_section": 941, "steps": []}
    assert {one["step"] for one in ada.read(f"{B}/sections")["sections"]} == {None}
    assert ada.send("PUT", f"{B}/alignment/921", {"transform": {"dx_um": 5}}).status_code == 200
    assert [step["section"] for step in ada.read(f"{B}/alignment")["steps"]] == [921]


def test_a_job_without_names_is_for_what_is_missing(ada: Person, brain: BrainFolder) -> None:
    assert error_of(ada.send("POST", f"{B}/jobs", job("align")), 409)["code"] == "nothing_missing"
    assert "Name sections" in error_of(ada.send("POST", f"{B}/jobs", job("tissue")), 409)["message"]
    (brain.path / "tissue" / "SMALL_0921.png").unlink()
    answer = ada.send("POST", f"{B}/jobs", job("tissue"))
    assert (answer.status_code, answer.json["sections"], answer.json["author"]) == (201, [921], "ada")
    assert ada.send("POST", f"{B}/jobs", job("tissue")).json == answer.json
    listed = ada.read(f"{B}/jobs")["jobs"]
    assert [one["report"]["title"] for one in listed] == ["Tissue classes of section 921"]


def test_a_job_is_watched_and_stopped(backend: Backend, ada: Person) -> None:
    key = ada.send("POST", f"{B}/jobs", job("tissue", 901)).json["report"]["key"]
    assert "log of" in backend.person("max").read(f"{B}/jobs/{key}/log")["text"]
    assert error_of(backend.person("vera").send("POST", f"{B}/jobs/{key}/cancel"), 403)["code"] == "forbidden"
    assert ada.send("POST", f"{B}/jobs/{key}/cancel").json["report"]["state"] == "cancelled"
    assert ada.send("POST", f"{B}/jobs", job("tissue", 901, key="b")).status_code == 201
    assert len(ada.read(f"{B}/jobs")["jobs"]) == 2


def test_jobs_on_a_brain_and_of_projects_are_listed_apart(ada: Person) -> None:
    ada.draw(901)
    ada.draw(961)
    assert ada.train((901, 961)).status_code == 201
    ada.send("POST", f"{B}/jobs", job("tissue", 901))
    assert {one["report"]["kind"] for one in ada.read(f"{B}/jobs")["jobs"]} == {"tissue"}
    assert {one["report"]["kind"] for one in ada.read(f"{P}/jobs")["jobs"]} == {"train", "predict"}


@pytest.mark.parametrize("name", ["vera", "max"])
def test_only_who_works_on_a_brain_changes_what_is_computed_of_it(backend: Backend, name: str) -> None:
    person = backend.person(name)
    for method, path, body in (
        ("POST", "/jobs", job("tissue", 901)),
        ("PUT", "/sections/901/tissue", {"version": 0, "strokes": [STROKE]}),
        ("PUT", "/alignment/901", {"transform": {}}),
        ("DELETE", "/alignment/901", None),
    ):
        assert "annotator or manager" in error_of(person.send(method, B + path, body), 403)["message"]
    assert picture(person, 901).size == (GRID.width_px, GRID.height_px)


class TestTissue:
    def test_strokes_are_seen_under_a_new_version_and_can_be_taken_back(self, ada: Person, brain: BrainFolder) -> None:
        before = ada.read(f"{B}/sections/901/tissue")
        saved = ada.send("PUT", f"{B}/sections/901/tissue", {"version": 0, "strokes": [STROKE]}).json
        assert saved == ada.read(f"{B}/sections/901/tissue")
        assert (saved["correction"]["version"], saved["correction"]["author"]) == (1, "ada")
        assert saved["version"] != before["version"]
        at = (int(2000 / GRID.pixel_size_um), int(1000 / GRID.pixel_size_um))
        assert picture(ada, 901).getpixel(at)[3] == 0
        assert brain.tissue(901)[0][at[1], at[0]] == 0
        stale = ada.get(f"{B}/sections/901/tissue/{before['version']}")
        assert "have changed" in error_of(stale, 404)["message"]
        ada.send("PUT", f"{B}/sections/901/tissue", {"version": 1, "strokes": []})
        assert ada.read(f"{B}/sections/901/tissue")["version"] == before["version"]
        assert picture(ada, 901).getpixel(at) == (0xC6, 0xA1, 0x5B, 255)

    def test_computing_again_changes_the_version_and_keeps_the_strokes(self, ada: Person, brain: BrainFolder) -> None:
        saved = ada.send("PUT", f"{B}/sections/901/tissue", {"version": 0, "strokes": [STROKE]}).json
        write_tissue(brain.path, "SMALL", 901, labels_of(1), GRID)
        now = ada.read(f"{B}/sections/901/tissue")
        assert now["correction"] == saved["correction"]
        assert now["version"] != saved["version"]

    def test_of_two_who_save_one_is_told_what_the_other_did(self, ada: Person) -> None:
        first = {"version": 0, "strokes": [STROKE]}
        saved = ada.send("PUT", f"{B}/sections/901/tissue", first).json
        assert ada.send("PUT", f"{B}/sections/901/tissue", first).json == saved  # the answer got lost
        error = error_of(ada.send("PUT", f"{B}/sections/901/tissue", {"version": 0, "strokes": []}), 409)
        assert (error["code"], error["details"]["current"]) == ("version_conflict", saved)
        assert "by ada" in error["message"]

    def test_a_section_without_tissue_classes_says_what_to_do(self, ada: Person, brain: BrainFolder) -> None:
        (brain.path / "tissue" / "SMALL_0901.png").unlink()
        for method, body in (("GET", None), ("PUT", {"version": 0, "strokes": [STROKE]})):
            error = error_of(ada.send(method, f"{B}/sections/901/tissue", body), 404)
            assert "Compute them on the page of brain SMALL" in error["message"]

    def test_strokes_beyond_the_section_are_refused_by_number(self, ada: Person) -> None:
        reaching = {**STROKE, "points": [[-150.0, 100.0]]}
        beyond = {**STROKE, "points": [[100.0, 4300.0]]}
        assert ada.send("PUT", f"{B}/sections/901/tissue", {"version": 0, "strokes": [reaching]}).status_code == 200
        error = error_of(ada.send("PUT", f"{B}/sections/901/tissue", {"version": 1, "strokes": [STROKE, beyond]}), 422)
        assert "Stroke 2 leaves section 901" in error["message"]

    def test_more_points_than_can_be_painted_soon_are_refused(self, ada: Person) -> None:
        many = {**STROKE, "points": [[1.0, 1.0]] * 5000}
        body = {"version": 0, "strokes": [many] * 41}
        assert "205000 points" in error_of(ada.send("PUT", f"{B}/sections/901/tissue", body), 413)["message"]

    def test_a_raster_that_cannot_be_read_is_named(self, ada: Person, brain: BrainFolder) -> None:
        (brain.path / "tissue" / "SMALL_0901.png").write_bytes(b"nothing")
        assert "SMALL_0901.png" in error_of(ada.get(f"{B}/sections/901/tissue"), 500)["message"]


class TestSteps:
    def test_a_step_set_by_hand_can_be_taken_back(self, ada: Person, brain: BrainFolder) -> None:
        before = ada.read(f"{B}/alignment")
        changed = ada.send("PUT", f"{B}/alignment/921", {"transform": {"dx_um": 5, "mirrored": True}}).json
        assert changed == ada.read(f"{B}/alignment")
        assert [step["author"] for step in changed["steps"]] == [None, "ada", None]
        assert brain.alignment.steps[1].hand_set
        assert ada.send("DELETE", f"{B}/alignment/921").json == before
        assert ada.send("DELETE", f"{B}/alignment/921").json == before

    def test_the_last_section_has_no_step(self, ada: Person) -> None:
        answer = ada.send("PUT", f"{B}/alignment/961", {"transform": {}})
        assert "the last of brain SMALL" in error_of(answer, 422)["message"]

    def test_others_see_an_alignment_at_once_that_another_process_wrote(self, ada: Person, brain: BrainFolder) -> None:
        assert len(ada.read(f"{B}/alignment")["steps"]) == 3
        path = brain.path / "alignment.json"
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "steps": document["steps"][:1]}))
        assert len(ada.read(f"{B}/alignment")["steps"]) == 1

    def test_two_processes_that_set_different_steps_lose_none(self, brain: BrainFolder, tmp_path: Path) -> None:
        commands = [["-c", SETS_STEPS, str(brain.path.parent), str(section)] for section in NUMBERS[:3]]

        def run(command: list[str]) -> int:
            with started(command, {}, tmp_path / "log") as process:
                return process.wait(60)

        with ThreadPoolExecutor() as pool:
            assert list(pool.map(run, commands)) == [0, 0, 0], (tmp_path / "log").read_text()
        assert [step.transform.dx_um for step in BrainFolder(brain.path).alignment.steps] == [40, 40, 40]


def test_training_says_which_tissue_and_which_steps_are_missing(ada: Person, brain: BrainFolder) -> None:
    ada.draw(901)
    ada.draw(961)
    (brain.path / "tissue" / "SMALL_0901.png").unlink()
    document = json.loads((brain.path / "alignment.json").read_text())
    (brain.path / "alignment.json").write_text(json.dumps({**document, "steps": document["steps"][:2]}))
    words = [
        "Compute the tissue classes of section 901 on the page of brain SMALL.",
        "Align section 941 to the next one on the page of brain SMALL.",
    ]
    offer = ada.read(f"{P}/training/hOc1")
    assert offer["pairs"][0]["problems"] == words
    assert words[0] in offer["missing"]
    error = error_of(ada.train((901, 961)), 422)
    assert (error["code"], error["details"]["problems"]) == ("not_trainable", words)
