"""What each drawing tool makes, looked at on the server: one start, one page, a fresh section for every test."""

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect
from shapely import Point, Polygon

from core.contracts.datasets import AlignmentStep
from core.geometry.affine import apply, rigid_matrix
from tests.e2e.browser import PLACE, SECTION, UM_PER_PX, Desk, Um, at_um, browser_page, log_in
from tests.e2e.conftest import Product, await_result


@pytest.fixture(scope="module")
def page(shared_product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(shared_product, tmp_path_factory.mktemp("tools")) as opened:
        log_in(opened, shared_product)
        yield opened


@pytest.fixture
def desk(page: Page, shared_product: Product) -> Desk:
    """The section without any region, seen at 8 µm per pixel."""
    api = shared_product.api()
    desk = Desk(page, api)
    for region in desk.stored():
        api.call("DELETE", f"/api/projects/demo/annotations/{region['uid']}", params={"version": region["version"]})
    page.goto(f"/p/demo/s/{SECTION}?view={PLACE}")
    page.locator(f"[data-testid=section-viewer][data-section='{SECTION}'][data-ready='true']").wait_for()
    return desk


def test_keys_can_be_changed_and_a_taken_key_is_refused_with_a_word(desk: Desk) -> None:
    page = desk.page
    desk.press("?")
    page.get_by_test_id("change-keys").click()
    page.get_by_test_id("key-of-tool.polygon").click()
    desk.press("g")
    expect(page.get_by_test_id("key-words")).to_contain_text("G is taken: Tissue classes")
    desk.press("x")
    expect(page.get_by_test_id("key-of-tool.polygon")).to_have_text("X")
    page.get_by_test_id("change-keys").click()
    desk.press("?", "x")
    expect(page.get_by_test_id("tool-polygon")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_test_id("tool-polygon")).to_have_attribute("title", "Draw a polygon (X)")
    page.evaluate("localStorage.removeItem('brodmann.keys')")


# In one task of the page: a tap must not become a hold on a machine that is busy.
TAP = """() => ['keydown', 'keyup'].forEach((type) =>
  document.body.dispatchEvent(new KeyboardEvent(type, { key: 'Tab', bubbles: true, cancelable: true })))"""


def test_the_keyboard_reaches_the_controls_and_gets_back_where_it_was(desk: Desk) -> None:
    page = desk.page
    page.evaluate("document.activeElement.blur()")
    page.evaluate(TAP)
    expect(page.get_by_role("link", name="Brodmann")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.down("Tab")
    expect(page.get_by_test_id("section-page")).to_have_class(re.compile(r"\bbare\b"))
    page.keyboard.up("Tab")
    expect(page.get_by_test_id("section-page")).not_to_have_class(re.compile(r"\bbare\b"))
    page.get_by_test_id("open-wizard").press("Enter")
    page.get_by_test_id("train-wizard").wait_for()
    desk.press("Escape")
    expect(page.get_by_test_id("open-wizard")).to_be_focused()
    page.get_by_test_id("more-tools").press("Enter")
    desk.press("Tab", "Escape")
    expect(page.get_by_test_id("more-tools")).to_be_focused()


def test_the_column_holds_every_tool_at_800_pixels(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 1366, "height": 800})
    try:
        sizes = desk.page.locator("[role=toolbar]").first.evaluate("e => [e.scrollHeight, e.clientHeight]")
    finally:
        desk.page.set_viewport_size({"width": 1440, "height": 900})
    assert sizes[0] <= sizes[1]


def test_a_closed_freehand_line_is_a_region(desk: Desk) -> None:
    desk.press("f")
    desk.drag((3000, 3000), (5000, 3000), (5000, 5000), (3000, 5000), (3000, 3100))
    [region] = desk.await_stored(1)
    assert len(region["paths"]) == 1
    desk.press("Delete")
    desk.await_stored(0)
    desk.press("Control+z")
    desk.await_stored(1)


def area_mm2(region: dict[str, Any]) -> float:
    """Under the even-odd rule; rings lie apart or within each other."""
    return float(sum(abs(ring_area_um2(path)) * (-1) ** inside(path, region["paths"]) for path in region["paths"]) / 1e6)


def ring_area_um2(path: list[list[float]]) -> float:
    points = np.array([node[:2] for node in path])
    x, y = points.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def inside(path: list[list[float]], paths: list[list[list[float]]]) -> int:
    """In how many of the other rings a ring lies."""
    return sum(other is not path and Polygon([node[:2] for node in other]).contains(Point(path[0][:2])) for other in paths)


def test_the_brush_makes_a_region_and_adds_to_it_and_the_eraser_cuts_it_in_two(desk: Desk) -> None:
    radius = 20 * UM_PER_PX
    desk.press("b")
    desk.drag((3000, 4000), (5000, 4000))
    [painted] = desk.await_stored(1)
    assert area_mm2(painted) == pytest.approx((2000 * 2 * radius + math.pi * radius**2) / 1e6, rel=0.02)
    desk.drag((4000, 4000), (4000, 5000))
    await_result(lambda: desk.stored()[0]["version"] > painted["version"], "the longer region", 30)
    [added] = desk.await_stored(1)
    assert area_mm2(added) == pytest.approx(
        area_mm2(painted) + (1000 - radius + math.pi * radius / 4) * 2 * radius / 1e6, rel=0.03
    )
    desk.press("e", "]", "[")
    desk.drag((3500, 3000), (3500, 5000))
    await_result(lambda: len(desk.stored()[0]["paths"]) == 2, "two parts", 30)
    desk.press("Control+z")
    await_result(lambda: len(desk.stored()[0]["paths"]) == 1, "one part again", 30)


def polygon(desk: Desk, *corners: Um) -> None:
    """A region by its corners."""
    desk.press("p")
    for corner in corners:
        desk.click(corner)
    desk.press("Enter")


def box(left: float, top: float, right: float, bottom: float) -> list[Um]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def two_boxes(desk: Desk) -> None:
    """Two that overlap in 1 mm²; the left one, of 4 mm², is selected."""
    polygon(desk, *box(3000, 3000, 5000, 5000))
    desk.await_stored(1)  # saved together, either could be the older one
    polygon(desk, *box(4000, 4000, 6000, 6000))
    desk.click((3500, 3500))
    desk.await_stored(2)


def hover_and_click(desk: Desk, place: Um, words: str) -> None:
    """The outcome is said, and shown, before the click does it."""
    desk.page.mouse.move(*at_um(desk.page, *place))
    expect(desk.page.get_by_test_id("status-line")).to_contain_text(words)
    expect(desk.page.get_by_test_id("status-line")).to_contain_text("Click does it.")
    desk.click(place)


@pytest.mark.parametrize(
    ("key", "words", "areas_mm2"),
    [
        ("Shift+U", "stays and takes in", [7.0]),
        ("Shift+D", "stays without", [3.0, 4.0]),
        ("Shift+I", "what it shares", [1.0, 4.0]),
        ("Shift+X", "is cut along", [1.0, 3.0, 4.0]),
    ],
)
def test_two_regions_are_combined_as_the_preview_says(desk: Desk, key: str, words: str, areas_mm2: list[float]) -> None:
    two_boxes(desk)
    desk.press(key)
    hover_and_click(desk, (5500, 5500), words)
    await_result(lambda: sorted(round(area_mm2(one), 1) for one in desk.stored()) == areas_mm2, f"areas {areas_mm2}", 30)
    desk.press("Control+z")
    await_result(lambda: sorted(round(area_mm2(one), 1) for one in desk.stored()) == [4.0, 4.0], "as before, in one step", 30)


def test_the_knife_makes_two_regions_that_share_the_cut(desk: Desk) -> None:
    polygon(desk, *box(3000, 3000, 5000, 5000))
    desk.await_stored(1)
    desk.press("k")
    desk.drag((2500, 4000), (5500, 4000))
    both = desk.await_stored(2)
    assert sorted(area_mm2(one) for one in both) == pytest.approx([2.0, 2.0], abs=0.1)
    shared = set.intersection(*({tuple(node) for node in one["paths"][0]} for one in both))
    assert len(shared) >= 2
    assert len({one["area"] for one in both}) == 1


def test_a_dragged_line_is_open_and_smooth_and_clicked_points_are_its_corners(desk: Desk) -> None:
    desk.press("l")
    desk.drag((3000, 3000), (4000, 3600), (5000, 3000))
    [dragged] = desk.await_stored(1)
    assert (dragged["shape"], len(dragged["paths"])) == ("line", 1)
    assert all(len(node) == 6 for node in dragged["paths"][0])
    desk.press("l")
    for place in ((3000, 5000), (4000, 5000), (4000, 6000)):
        desk.click(place, delay=30)
    desk.press("Enter")
    [clicked] = [one for one in desk.await_stored(2) if one["uid"] != dragged["uid"]]
    assert np.array(clicked["paths"][0]) == pytest.approx(np.array([(3000, 5000), (4000, 5000), (4000, 6000)]), abs=UM_PER_PX)


def test_a_note_is_typed_and_changed_at_its_place(desk: Desk) -> None:
    desk.press("t")
    desk.click((4000, 3500))
    desk.page.get_by_test_id("note-field").fill("here the stripe ends")
    desk.press("Enter")
    [note] = desk.await_stored(1)
    assert (note["shape"], note["text"]) == ("note", "here the stripe ends")
    assert note["paths"][0][0] == pytest.approx([4000, 3500], abs=UM_PER_PX)
    desk.click((4000, 3500))
    desk.page.get_by_test_id("note-field").fill("not sure")
    desk.press("Enter")
    await_result(lambda: desk.stored()[0]["text"] == "not sure", "the changed note", 30)


def test_length_and_area_are_measured_and_not_kept(desk: Desk) -> None:
    desk.press("q")
    for place in box(3000, 3000, 5000, 5000)[:3]:
        desk.click(place, delay=30)
    desk.press("Enter")
    expect(desk.page.get_by_test_id("status-line")).to_contain_text(
        re.compile(r"(3\.99|4\.00)\d mm, closed (1\.9[89]|2\.0[01])\d mm²")
    )
    assert desk.stored() == []


def test_a_region_is_moved_turned_flipped_and_made_smooth(desk: Desk) -> None:
    polygon(desk, (3000, 3000), (5000, 3000), (3000, 4000))
    before = shape_of(desk.await_stored(1)[0])
    desk.press("m")
    desk.drag((3300, 3300), (4300, 4300))
    await_shape(desk, before + 1000)
    desk.press("Control+z")
    await_shape(desk, before)
    middle = (before.min(0) + before.max(0)) / 2
    desk.press("Shift+H")
    await_shape(desk, (before - middle) * [-1, 1] + middle)
    desk.press("Control+z", "Control+k")
    desk.page.get_by_label("Command", exact=True).fill("90° to the right")
    desk.press("Enter")
    await_shape(desk, (before - middle) @ np.array([[0, 1], [-1, 0]]) + middle)
    desk.press("Shift+Z")
    await_result(lambda: all(len(node) == 6 for node in desk.stored()[0]["paths"][0]), "Bezier nodes", 30)
    assert area_mm2(desk.stored()[0]) == pytest.approx(1.0, rel=0.1)


def shape_of(region: dict[str, Any]) -> NDArray[np.float64]:
    return np.array(region["paths"][0])[:, :2]


def await_shape(desk: Desk, wanted: NDArray[np.float64]) -> None:
    """Every node where it should be, to the pixel."""

    def there() -> bool:
        found = shape_of(desk.stored()[0])
        return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= UM_PER_PX)

    await_result(there, f"nodes at {wanted.tolist()}, not {shape_of(desk.stored()[0]).tolist()}", 30)


def test_the_lower_region_is_brought_to_the_front(desk: Desk) -> None:
    two_boxes(desk)
    first, second = (one["uid"] for one in sorted(desk.stored(), key=lambda one: one["created_at"]))
    desk.press("PageUp")
    await_result(lambda: {one["uid"]: one["order"] for one in desk.stored()} == {first: 1, second: 0}, "the new order", 30)


def test_a_copied_region_follows_the_tissue_to_another_section(desk: Desk) -> None:
    corners = [(3000.0, 3000.0), (5000.0, 3000.0), (3000.0, 4000.0)]
    polygon(desk, *corners)
    before = shape_of(desk.await_stored(1)[0])
    desk.press("Control+c")
    for region in desk.stored(931):
        desk.api.call("DELETE", f"/api/projects/demo/annotations/{region['uid']}", params={"version": region["version"]})
    desk.page.get_by_test_id("next").click()
    desk.page.locator("[data-testid=section-viewer][data-section='931'][data-ready='true']").wait_for()
    desk.press("Control+v")
    [pasted] = desk.await_stored(1, 931)
    steps = desk.api.get("/api/brains/TINY/alignment")["steps"]
    step = next(AlignmentStep.model_validate(one) for one in steps if one["section"] == SECTION)  # type: ignore[attr-defined]
    assert np.abs(shape_of(pasted) - apply(rigid_matrix(step.transform), before)).max() < 0.02


def test_a_piece_is_saved_at_full_resolution(desk: Desk) -> None:
    desk.press("Shift+G")
    with desk.page.expect_download() as waiting:
        desk.drag((3000, 3000), (4200, 3800))
    with Image.open(waiting.value.path()) as picture:
        assert picture.size == pytest.approx((300, 200), abs=4)
    assert waiting.value.suggested_filename.startswith("TINY_0921_x7")


def test_the_view_turns_with_what_is_drawn_on_it_and_is_saved_as_a_picture(desk: Desk) -> None:
    polygon(desk, *box(3500, 3500, 4500, 4500))
    [region] = desk.await_stored(1)
    for _ in range(6):
        desk.press(">")
    viewer = desk.page.get_by_test_id("section-viewer")
    expect(viewer).to_have_attribute("data-turn-deg", "90")
    desk.press("f")
    x, y = at_um(desk.page, 4000, 4000)
    desk.page.mouse.move(x, y - 300 / UM_PER_PX)  # up on screen is to the left on the section
    with desk.page.expect_download() as waiting:
        desk.press("Shift+C")
    size = viewer.bounding_box()
    assert size is not None
    with Image.open(waiting.value.path()) as picture:
        assert picture.size == (round(size["width"]), round(size["height"]))
    expect(desk.page.get_by_test_id("cursor-position")).to_contain_text("x 3.70")
    desk.press("^")
    expect(viewer).to_have_attribute("data-turn-deg", "0")
    assert region["area"] == "hOc1"


def test_the_wand_outlines_what_is_as_dark_as_the_place(desk: Desk) -> None:
    """Glass outside the section: bright, and all of it hangs together."""
    desk.press("w")
    desk.click((300, 4000))
    [region] = desk.await_stored(1)
    assert area_mm2(region) > 1.0
    assert (
        Polygon([node[:2] for node in max(region["paths"], key=lambda path: abs(ring_area_um2(path)))])
        .buffer(20)
        .contains(Point(300, 4000))
    )
