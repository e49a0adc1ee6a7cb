"""Layers of the section page: the neighbour lies where the alignment says, tissue classes and steps are corrected by hand."""

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from core.contracts.datasets import AlignmentStep, RigidTransform
from core.datasets import BrainFolder
from core.geometry.affine import Matrix, apply, invert, rigid_matrix
from tests.e2e.browser import at_um, browser_page, log_in
from tests.e2e.conftest import Api, Product, await_result

UM_PER_PX = 4.0  # one pixel of the phantom's sections
PLACE = f"4000,4000,{UM_PER_PX:.0f}"
TISSUE = "/api/brains/TINY/sections/{}/tissue"
RED, BLUE = 0, 2
REACH_PX = 3
Gray = NDArray[np.float64]


def open_layers(page: Page, section: int, overlay: str) -> None:
    """By its address, until the section is drawn."""
    page.goto(f"/p/demo/s/{section}?view={PLACE}&overlay={overlay}")
    page.locator(f"[data-testid=section-viewer][data-section='{section}'][data-ready='true']").wait_for()


def open_neighbour(page: Page, section: int, side: str) -> None:
    open_layers(page, section, side)
    page.locator("[data-testid=neighbour][data-complete='true']").wait_for()
    expect(page.get_by_test_id("neighbour-words")).to_contain_text("agree")


def seen(page: Page, channel: int) -> Gray:
    """The middle of the viewer as it is on screen."""
    picture = np.asarray(Image.open(io.BytesIO(page.get_by_test_id("section-viewer").screenshot())).convert("RGB"), np.float64)
    height, width = picture.shape[:2]
    return picture[height // 2 - 150 : height // 2 + 150, width // 2 - 200 : width // 2 + 200, channel]


def expected(product: Product, section: int, to_section: Matrix) -> Gray:
    """The same piece of screen, sampled from another section's image through the transform, with a margin of REACH_PX."""
    half_x, half_y = 200 + REACH_PX, 150 + REACH_PX
    y, x = np.mgrid[-half_y:half_y, -half_x:half_x] + 0.5
    places = 4000.0 + UM_PER_PX * np.stack([x.ravel(), y.ravel()], axis=1)
    columns, rows = np.floor(apply(invert(to_section), places) / UM_PER_PX).astype(int).T
    pyramid = BrainFolder(product.data / "brains" / "TINY").pyramid(section)
    image = pyramid.read(0, 0, 0, pyramid.levels[0].width_px, pyramid.levels[0].height_px)
    found: Gray = image[rows.clip(0, len(image) - 1), columns.clip(0, image.shape[1] - 1)].reshape(x.shape).astype(np.float64)
    return found


def shift_px(picture: Gray, wanted: Gray) -> tuple[int, int]:
    """By how many pixels a picture is off: where the squared difference is least."""
    height, width = picture.shape
    shifts = [(dx, dy) for dy in range(2 * REACH_PX + 1) for dx in range(2 * REACH_PX + 1)]
    cost = [float(np.square(picture - wanted[dy : dy + height, dx : dx + width]).mean()) for dx, dy in shifts]
    best = shifts[int(np.argmin(cost))]
    return REACH_PX - best[0], REACH_PX - best[1]


def await_in_place(page: Page, product: Product, section: int, to_section: Matrix) -> None:
    """Until every landmark of the neighbour is on screen where the transform puts it, to the pixel: red is its channel."""
    wanted = expected(product, section, to_section)
    await_result(lambda: shift_px(seen(page, RED), wanted) == (0, 0), f"section {section} in its place", timeout_s=30)


def step_of(api: Api, section: int) -> AlignmentStep:
    steps: list[dict[str, Any]] = api.get("/api/brains/TINY/alignment")["steps"]  # type: ignore[assignment]
    return AlignmentStep.model_validate(next(step for step in steps if step["section"] == section))


def matrix_of(api: Api, section: int) -> Matrix:
    return rigid_matrix(step_of(api, section).transform)


@pytest.mark.timeout(300)
def test_the_neighbour_lies_where_the_alignment_says(shared_product: Product, tmp_path: Path) -> None:
    api = shared_product.api()
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_neighbour(page, 921, "previous")
        await_in_place(page, shared_product, 911, matrix_of(api, 911))
        # The library draws the section's tiles a pixel larger, so that no gap shows between them.
        assert max(map(abs, shift_px(seen(page, BLUE), expected(shared_product, 921, np.eye(3))))) <= 1
        open_neighbour(page, 921, "next")
        await_in_place(page, shared_product, 931, invert(matrix_of(api, 921)))


@pytest.mark.timeout(300)
def test_a_transform_set_by_hand_is_saved_and_taken_back(shared_product: Product, tmp_path: Path) -> None:
    """The section before is moved by its own step, the next one by this section's, which leads the other way."""
    api = shared_product.api()
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        for side, owner in (("previous", 911), ("next", 921)):
            computed = step_of(api, owner).transform
            open_neighbour(page, 921, side)
            page.get_by_test_id("by-hand").click()
            page.keyboard.press("Shift+ArrowRight")
            page.mouse.move(*at_um(page, 4000.0, 4000.0))
            page.mouse.down()
            page.mouse.move(*at_um(page, 4000.0, 4200.0), steps=3)
            page.mouse.up()
            page.keyboard.press(".")
            expect(page.get_by_test_id("status-line")).to_contain_text("Save the moved transform")
            expect(page.get_by_test_id("section-number")).to_have_text("section 0921")
            page.keyboard.press("Enter")
            expect(page.get_by_test_id("neighbour-words")).to_contain_text("set by hand by demo")
            moved = step_of(api, owner)
            shift = np.array([[1.0, 0.0, 100.0], [0.0, 1.0, 200.0], [0.0, 0.0, 1.0]])
            matrix = rigid_matrix(computed)
            wanted = shift @ matrix if side == "previous" else invert(shift @ invert(matrix))
            assert moved.hand_set
            assert moved.computed == computed
            assert rigid_matrix(moved.transform) == pytest.approx(wanted, abs=UM_PER_PX)
            over = rigid_matrix(moved.transform) if side == "previous" else invert(rigid_matrix(moved.transform))
            await_in_place(page, shared_product, 911 if side == "previous" else 931, over)
            page.keyboard.press("Control+z")
            expect(page.get_by_test_id("neighbour-words")).to_contain_text("agree")
            assert step_of(api, owner).transform == computed
            turn_and_mirror(page, api, owner)


def turn_and_mirror(page: Page, api: Api, owner: int) -> None:
    """Shift-drag by a quarter about the middle, then M; back to computed by its button."""
    computed = step_of(api, owner).transform
    page.mouse.move(*at_um(page, 5000.0, 4000.0))
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(*at_um(page, 4000.0, 5000.0), steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.keyboard.press("m")
    expect(page.get_by_test_id("by-hand-words")).to_contain_text("mirrored")
    page.get_by_test_id("by-hand-save").click()
    expect(page.get_by_test_id("neighbour-words")).to_contain_text("set by hand")
    moved = step_of(api, owner)
    seen_from_here = moved.transform if owner == 911 else _inverse(moved.transform)
    before = computed if owner == 911 else _inverse(computed)
    assert moved.transform.mirrored != computed.mirrored
    assert math.cos(seen_from_here.angle_rad + before.angle_rad + math.pi / 2) == pytest.approx(1.0, abs=0.01)
    page.get_by_test_id("by-hand-unset").click()
    expect(page.get_by_test_id("neighbour-words")).to_contain_text("agree")
    assert step_of(api, owner).transform == computed


def _inverse(transform: RigidTransform) -> RigidTransform:
    """The way back of an angle; the place is of no concern here."""
    return transform if transform.mirrored else transform.model_copy(update={"angle_rad": -transform.angle_rad})


def strokes(api: Api, section: int) -> list[dict[str, Any]]:
    correction: dict[str, Any] = api.get(TISSUE.format(section))["correction"]  # type: ignore[assignment]
    found: list[dict[str, Any]] = correction["strokes"]
    return found


def paint(page: Page, class_number: int, from_um: tuple[float, float], to_um: tuple[float, float]) -> None:
    page.keyboard.press(str(class_number + 1))
    page.mouse.move(*at_um(page, *from_um))
    page.mouse.down()
    page.mouse.move(*at_um(page, *to_um), steps=4)
    page.mouse.up()


def expect_strokes(page: Page, count: int) -> None:
    words = f"{count} strokes, saved" if count > 1 else "1 stroke, saved" if count else r"^\s*saved"
    expect(page.get_by_test_id("tissue-state")).to_have_text(re.compile(words))


@pytest.mark.timeout(300)
def test_tissue_classes_are_corrected_by_brush_and_nobodys_strokes_are_lost(shared_product: Product, tmp_path: Path) -> None:
    api, section = shared_product.api(), 931
    brain = BrainFolder(shared_product.data / "brains" / "TINY")
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_layers(page, section, "tissue")
        page.locator("[data-testid=tissue-overlay][data-shown='true']").wait_for()
        page.get_by_test_id("tissue-brush").click()
        paint(page, 0, (3600.0, 4000.0), (4400.0, 4000.0))
        expect_strokes(page, 1)
        labels, grid = brain.tissue(section)
        row, column = (int((4000.0 - origin) / grid.pixel_size_um) for origin in reversed(grid.origin_um))
        assert labels[row, column] == 0
        page.keyboard.press("2")
        page.keyboard.press("Control+z")
        expect_strokes(page, 0)
        assert strokes(api, section) == []
        page.keyboard.press("Control+y")
        expect_strokes(page, 1)
        theirs = {"tissue": "white matter", "radius_um": 300.0, "points": [[2000.0, 2000.0]]}
        version = api.get(TISSUE.format(section))["correction"]["version"]  # type: ignore[index]
        answer = api.call("PUT", TISSUE.format(section), json={"version": version, "strokes": [*strokes(api, section), theirs]})
        assert answer.status_code == 200, answer.text
        paint(page, 2, (5000.0, 4000.0), (5000.0, 4400.0))
        expect(page.get_by_test_id("tissue-note")).to_contain_text("yours put on top")
        expect_strokes(page, 3)
        assert [stroke["tissue"] for stroke in strokes(api, section)] == ["background", "white matter", "gray matter"]
        page.get_by_test_id("tissue-clear").click()
        expect_strokes(page, 0)
        page.keyboard.press("Control+z")
        expect_strokes(page, 3)


def await_gray(page: Page, wanted: Gray, what: str) -> None:
    await_result(lambda: bool(np.abs(seen(page, RED) - wanted).max() < 3.0), what, timeout_s=30)


@pytest.mark.timeout(300)
def test_the_tone_changes_at_once_and_is_remembered(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_layers(page, 921, "")
        plain = seen(page, RED)
        inverted = 255.0 - plain
        for key, wanted in (("i", inverted), ("9", (inverted - 127.5) * 2**0.125 + 127.5)):
            page.keyboard.press(key)
            await_gray(page, wanted.clip(0, 255), f"the tone after {key}")
        toned = seen(page, RED)
        page.reload()
        page.locator("[data-testid=section-viewer][data-ready='true']").wait_for()
        await_gray(page, toned, "the same tone after a reload")
        page.get_by_test_id("tone-reset").click()
        await_gray(page, plain, "the plain section")
