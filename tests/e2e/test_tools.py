"""What each drawing tool makes, looked at on the server: one start, one page, a fresh section for every test."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from shapely import Point, Polygon

from tests.e2e.browser import at_um, browser_page, log_in, wait_saved
from tests.e2e.conftest import Api, Product, await_result

SECTION = 921
UM_PER_PX = 8.0
PLACE = f"4000,4000,{UM_PER_PX:.0f}"
Um = tuple[float, float]


@dataclass
class Desk:
    """The section page and, beside it, the server."""

    page: Page
    api: Api

    def stored(self, section: int = SECTION) -> list[dict[str, Any]]:
        """What the server has of a section."""
        return self.api.get(f"/api/projects/demo/sections/{section}/annotations")["annotations"]  # type: ignore[return-value]

    def await_stored(self, count: int, section: int = SECTION) -> list[dict[str, Any]]:
        """Until the server has so many and the page says that nothing is left to save."""
        await_result(lambda: len(self.stored(section)) == count, f"{count} stored, not {len(self.stored(section))}", 30)
        wait_saved(self.page)
        return self.stored(section)

    def drag(self, *places: Um, button_up: bool = True) -> None:
        """Press at the first place, move along the others, let go."""
        self.page.mouse.move(*at_um(self.page, *places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*at_um(self.page, *place), steps=4)
        if button_up:
            self.page.mouse.up()

    def click(self, place: Um, **options: Any) -> None:
        """One click on the section."""
        self.page.mouse.click(*at_um(self.page, *place), **options)

    def press(self, *keys: str) -> None:
        """Keys on the section."""
        for key in keys:
            self.page.keyboard.press(key)


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
