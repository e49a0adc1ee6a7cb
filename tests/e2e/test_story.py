"""The story of a first area, as a neuroanatomist lives it: annotate, train, review, correct, export."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.formats.masks import read_mask_png
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from tests.e2e.browser import at_um, browser_page, draw_polygon, frame, log_in, open_section, wait_saved
from tests.e2e.conftest import Api, Product, await_result

SQUARE_UM = [(5200.0, 5200.0), (6600.0, 5200.0), (6600.0, 6600.0), (5200.0, 6600.0)]
TRAINING_MS = 240_000
# The tiny model starts from packaged weights and trains for seconds; its outline must still be that of hOc1.
LEAST_F1 = 0.6


def regions(api: Api, section: int) -> list[dict[str, object]]:
    return api.get(f"/api/projects/demo/sections/{section}/annotations")["annotations"]  # type: ignore[return-value]


def await_regions(page: Page, api: Api, section: int, count: int) -> list[dict[str, object]]:
    """Until the server has this many regions and the page says that nothing is left to save."""
    await_result(lambda: len(regions(api, section)) == count, f"{count} regions on section {section}", timeout_s=30)
    wait_saved(page)
    return regions(api, section)


def annotate_undo_redo_reshape_delete(page: Page, api: Api, section: int) -> None:
    """Every change arrives at the server by itself; undo and redo are changes too."""
    open_section(page, section)
    draw_polygon(page, SQUARE_UM)
    await_regions(page, api, section, 1)
    page.get_by_test_id("undo").click()
    await_regions(page, api, section, 0)
    page.get_by_test_id("redo").click()
    [before] = await_regions(page, api, section, 1)
    page.mouse.click(*at_um(page, 5900.0, 5900.0))
    expect(page.get_by_test_id("region-version")).to_have_text(str(before["version"]))
    page.mouse.move(*at_um(page, *SQUARE_UM[2]))
    page.mouse.down()
    page.mouse.move(*at_um(page, 7000.0, 7000.0), steps=4)
    page.mouse.up()
    await_result(lambda: regions(api, section)[0]["version"] != before["version"], "the reshaped region", timeout_s=30)
    [after] = await_regions(page, api, section, 1)
    moved = np.asarray(after["paths"])[0]
    assert np.abs(moved - [7000.0, 7000.0]).sum(1).min() < 30.0
    page.get_by_test_id("delete-region").click()
    await_regions(page, api, section, 0)


def shown_place(page: Page) -> list[float]:
    """The view: its middle in µm and its µm per pixel."""
    viewer = page.get_by_test_id("section-viewer")
    names = ("data-centre-x-um", "data-centre-y-um", "data-um-per-px")
    return [float(viewer.get_attribute(name) or "nan") for name in names]


def written_place(page: Page) -> list[float]:
    """The view in the address; written when the viewer has come to rest."""
    return [float(number) for number in parse_qs(urlsplit(page.url).query).get("view", ["nan"])[0].split(",")]


def a_copied_address_shows_the_same_view(page: Page, section: int) -> None:
    """The address carries section and view."""
    before = shown_place(page)
    page.mouse.move(*at_um(page, 4000.0, 4000.0))
    page.mouse.wheel(0, -300)

    def at_rest() -> list[float] | None:
        now = shown_place(page)
        return now if now != before and written_place(page) == pytest.approx(now, rel=1e-3) else None

    seen = await_result(at_rest, "the new view in the address", timeout_s=30)
    expect(page).to_have_url(re.compile(rf"/s/{section}\?.+"))
    page.reload()
    page.locator(f"[data-testid=section-viewer][data-section='{section}'][data-ready='true']").wait_for()
    assert shown_place(page) == pytest.approx(seen, rel=0.01)
    page.get_by_test_id("fit").click()


def propose_and_undo(page: Page, api: Api, product: Product, section: int) -> None:
    """The outline between the two annotated sections is drawn at once, near the truth, and is a change like any other."""
    open_section(page, section)
    page.get_by_test_id("propose-outline").click()
    expect(page.get_by_test_id("proposal-words")).to_contain_text("between sections 0901 and 0941")
    [region] = await_regions(page, api, section, 1)
    brain = BrainFolder(product.data / "brains" / "TINY")
    grid = brain.tissue(section)[1]
    assert f1(rasterise(rings(region["paths"]), grid), truth_of(brain, section, grid)) > LEAST_F1  # type: ignore[arg-type]
    page.get_by_test_id("undo").click()
    await_regions(page, api, section, 0)


def read_the_report(page: Page) -> None:
    """When training is done its job shows the curves, the score on blocks kept out and how honest the probabilities are."""
    page.get_by_test_id("open-job").click()
    page.get_by_test_id("job-drawer").locator("[data-testid=job][data-kind=train]").click()
    for curve in ("loss", "f1", "rate"):
        page.get_by_test_id(f"{curve}-curve").wait_for()
    report = page.get_by_test_id("model-report")
    expect(report.get_by_test_id("validation-f1")).to_have_text(re.compile(r"0\.\d\d|1\.00"))
    expect(report.get_by_test_id("calibration-words")).to_contain_text("Calibration error")
    page.keyboard.press("Escape")


def train(page: Page) -> None:
    """The wizard proposes the one pair there is; its jobs show themselves."""
    page.get_by_test_id("open-wizard").click()
    expect(page.get_by_test_id("wizard-area")).to_have_value("hOc1")
    expect(page.get_by_test_id("pair-901-941")).to_be_checked()
    page.get_by_test_id("preset-tiny").check()
    page.get_by_test_id("train").click()
    page.get_by_test_id("job-pill").wait_for()


def watch_the_job(page: Page) -> None:
    """Phase, loss curve and stop button, while it runs."""
    page.get_by_test_id("open-job").click()
    page.get_by_test_id("job-drawer").wait_for()
    page.get_by_test_id("loss-curve").wait_for()
    page.keyboard.press("Escape")


def review(page: Page, sections: list[int]) -> None:
    """Accept the first, reject the second with a reason, correct the third."""
    accepted, rejected, corrected = sections
    open_section(page, accepted)
    page.get_by_test_id("accept").click()
    expect(frame(page, accepted)).to_have_attribute("data-verdict", re.compile("accepted"))
    open_section(page, rejected)
    page.get_by_test_id("reject").click()
    page.get_by_test_id("reject-words").fill("the border runs through white matter")
    page.get_by_test_id("reject-submit").click()
    expect(frame(page, rejected)).to_have_attribute("data-verdict", re.compile("rejected"))
    open_section(page, corrected)
    page.get_by_test_id("correct").click()
    expect(frame(page, corrected)).to_have_attribute("data-verdict", re.compile("corrected"))


def truth_of(brain: BrainFolder, section: int, grid: RasterGrid) -> NDArray[np.bool_]:
    """Where hOc1 truly is."""
    outlines = [outline for outline in brain.truth(section).outlines if outline.area == "hOc1"]
    return np.any([rasterise(rings(outline.paths), grid) for outline in outlines], axis=0)  # type: ignore[no-any-return]


def f1(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def f1_of_exported_mask(page: Page, product: Product, section: int) -> float:
    """Download the mask by its link and compare it with the phantom's truth."""
    page.get_by_text("Export this section").click()
    with page.expect_download() as download:
        page.get_by_test_id("export-png").click()
    mask = read_mask_png(Path(download.value.path()).read_bytes())
    return f1(mask.area("hOc1"), truth_of(BrainFolder(product.data / "brains" / "TINY"), section, mask.legend.grid))


def test_the_demo_brain_was_segmented_and_aligned_by_jobs(shared_product: Product) -> None:
    """Its truth stands apart; what the product works with is computed, as it would be of real sections."""
    sections = shared_product.api().get("/api/brains/TINY/sections")["sections"]
    assert [section["tissue"] for section in sections] == ["computed"] * 5  # type: ignore[attr-defined, index]
    steps = [section["step"] for section in sections[:-1]]  # type: ignore[index]
    assert all(step["quality"] is not None for step in steps)
    assert sections[-1]["step"] is None  # type: ignore[index]


@pytest.mark.timeout(600)
def test_from_two_annotated_sections_to_a_reviewed_prediction(product: Product, tmp_path: Path) -> None:
    api = product.api()
    with browser_page(product, tmp_path / "screenshots") as page:
        log_in(page, product)
        page.get_by_test_id("project-card").first.click()
        for part in ("project-page", "series", "people"):
            page.get_by_test_id(part).wait_for()
        expect(page.get_by_test_id("synthetic").first).to_be_visible()
        open_section(page, 901)
        expect(frame(page, 901)).to_have_attribute("data-annotated", re.compile("hOc1|true"))
        assert f1_of_exported_mask(page, product, 901) == pytest.approx(1.0, abs=1e-6)
        train(page)
        propose_and_undo(page, api, product, 921)
        annotate_undo_redo_reshape_delete(page, api, 911)
        watch_the_job(page)
        a_copied_address_shows_the_same_view(page, 911)
        expect(page.get_by_test_id("review-predictions")).to_be_visible(timeout=TRAINING_MS)
        read_the_report(page)
        review(page, [911, 921, 931])
        expect(page.get_by_test_id("prediction-overlay")).to_be_attached()
        wait_saved(page)
        [region] = regions(api, 931)
        assert region["source"]["kind"] == "prediction"  # type: ignore[index]
        assert f1_of_exported_mask(page, product, 931) > LEAST_F1
    reviews = {
        number: api.get(f"/api/projects/demo/sections/{number}/predictions")["predictions"][0]["review"]  # type: ignore[index]
        for number in (911, 921, 931)
    }
    assert {number: review["verdict"] for number, review in reviews.items()} == {
        911: "accepted",
        921: "rejected",
        931: "corrected",
    }
    assert "white matter" in reviews[921]["reason"]
