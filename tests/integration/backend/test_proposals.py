"""Outlines proposed between annotated sections, and what to annotate next, on every store."""

import pytest
from pydantic import TypeAdapter

from core.contracts.annotations import Paths
from core.contracts.datasets import Alignment, AlignmentQuality
from core.contracts.jobs import JobState, ResultState
from core.geometry.polygons import area_um2, bounds_um, rings
from tests.integration.backend.api import BOW_TIE, Backend, P, error_of

PATHS: TypeAdapter[Paths] = TypeAdapter(Paths)


def box(left: int, top: int, right: int, bottom: int) -> list[list[list[int]]]:
    return [[[left, top], [right, top], [right, bottom], [left, bottom]]]


def weakened(alignment: Alignment, section: int) -> Alignment:
    """The same with the step from this section one that was found in images and is not certain."""
    weak = AlignmentQuality(matches=9, inliers=3, weak=True)
    steps = (step.model_copy(update={"quality": weak}) if step.section == section else step for step in alignment.steps)
    return alignment.model_copy(update={"steps": tuple(steps)})


class TestShape:
    def test_the_outline_in_between_lies_between_the_outlines_around(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901, box(800, 800, 2400, 2400))
        ada.draw(961, box(800, 800, 3000, 2400))
        proposal = ada.read(f"{P}/sections/921/proposal", area="hOc1")
        assert (proposal["between"], proposal["distance_mm"]) == ([901, 961], 0.4)
        left, top, right, bottom = bounds_um(rings(PATHS.validate_python(proposal["paths"])))
        # The shape grows to the right by 600 µm over the three steps; pixels are of 32 µm.
        assert (left, top, right, bottom) == pytest.approx((800, 800, 2600, 2400), abs=48)

    def test_the_nearest_annotated_sections_count_and_the_section_itself_does_not(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for section in (901, 921, 941, 961):
            ada.draw(section)
        assert ada.read(f"{P}/sections/941/proposal", area="hOc1")["between"] == [921, 961]

    def test_regions_that_overlap_are_one_shape_without_a_hole(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for section in (901, 961):
            ada.draw(section, box(800, 800, 2000, 2400))
            ada.draw(section, box(1600, 800, 2800, 2400))
        paths = PATHS.validate_python(ada.read(f"{P}/sections/921/proposal", area="hOc1")["paths"])
        assert len(paths) == 1
        assert area_um2(rings(paths)) == pytest.approx(2000 * 1600, rel=0.05)

    def test_a_proposal_along_a_weak_alignment_says_so(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        ada = backend.person("ada")
        for section in (901, 961):
            ada.draw(section)
        assert ada.read(f"{P}/sections/921/proposal", area="hOc1")["alignment_doubt"] == ""
        alignment = weakened(backend.services.brains.alignment("SMALL"), 941)
        monkeypatch.setattr(type(backend.services.brains), "alignment", lambda *_: alignment)
        for section in (921, 941):  # the outline of 961 comes along that step to both
            doubt = ada.read(f"{P}/sections/{section}/proposal", area="hOc1")["alignment_doubt"]
            assert "the step from section 941 to 961 is weak" in doubt

    def test_what_would_leave_the_image_is_cut_off(self, backend: Backend) -> None:
        ada = backend.person("ada")
        for section in (901, 961):
            ada.draw(section, box(4000, 800, 7000, 2400))
        left, _, right, _ = bounds_um(
            rings(PATHS.validate_python(ada.read(f"{P}/sections/941/proposal", area="hOc1")["paths"]))
        )
        assert (left, right) == pytest.approx((4000, 5600), abs=48)

    @pytest.mark.parametrize(
        ("section", "query", "status", "words"),
        [
            (961, {"area": "hOc1"}, 404, "there is none above"),
            (901, {"area": "hOc1"}, 404, "there is none below"),
            (921, {"area": "hOc2"}, 404, "none below and above"),
            (921, {"area": "V5"}, 422, "no area of project demo"),
            (921, {}, 422, "?area="),
            (5, {"area": "hOc1"}, 404, "no section 5"),
        ],
    )
    def test_what_cannot_be_proposed_is_said_in_words(
        self, backend: Backend, section: int, query: dict[str, str], status: int, words: str
    ) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        assert words in error_of(ada.get(f"{P}/sections/{section}/proposal", **query), status)["message"]

    def test_an_outline_that_crosses_itself_is_proposed_from_all_the_same(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901, BOW_TIE)
        ada.draw(961)
        assert ada.read(f"{P}/sections/921/proposal", area="hOc1")["paths"]


class TestSuggestion:
    def test_before_anything_is_predicted_the_reason_is_told(self, backend: Backend) -> None:
        suggestion = backend.person("ada").read(f"{P}/suggestions/hOc1")
        assert suggestion["candidates"] == []
        assert "Train a model of hOc1 first" in suggestion["why"]

    def test_predicted_sections_are_suggested_until_they_are_accepted(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        suggestion = ada.read(f"{P}/suggestions/hOc1")
        assert [one["section"] for one in suggestion["candidates"]] == [921, 941]
        ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/review", {"verdict": "accepted"})
        assert [one["section"] for one in ada.read(f"{P}/suggestions/hOc1")["candidates"]] == [941]
        ada.send("POST", f"{P}/predictions/{predictions[1]['id']}/review", {"verdict": "accepted"})
        assert "annotated or accepted already" in ada.read(f"{P}/suggestions/hOc1")["why"]

    def test_an_unknown_area_is_named(self, backend: Backend) -> None:
        assert "no area V5" in error_of(backend.person("ada").get(f"{P}/suggestions/V5"), 404)["message"]


class TestModelReport:
    def test_the_report_of_a_model_is_told_once_it_is_there(self, backend: Backend) -> None:
        ada = backend.person("ada")
        ada.draw(901)
        ada.draw(961)
        run = ada.train((901, 961)).json["runs"][0]
        model = f"{P}/jobs/{run['train_job']}/model"
        assert "it is reported once it has succeeded" in error_of(ada.get(model), 404)["message"].lower()
        assert "trains no model" in error_of(ada.get(f"{P}/jobs/{run['predict_job']}/model"), 404)["message"]
        backend.compute.set(run["train_job"], JobState.SUCCEEDED, ResultState.READY)
        backend.monitor()
        assert "Train again" in error_of(ada.get(model), 404)["message"]
        report = {"areas": ["hOc1"], "sections": [901, 961], "iterations": 6, "final_loss": 0.5, "training_f1": {"hOc1": 0.9}}
        backend.compute.files[run["train_job"], "report.json"] = TypeAdapter(dict).dump_json(report)
        assert ada.read(model)["training_f1"] == {"hOc1": 0.9}
        backend.compute.files[run["train_job"], "report.json"] = b"{}"
        assert "cannot be read" in error_of(ada.get(model), 500)["message"]
