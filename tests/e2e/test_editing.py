"""Nodes, handles, turning, thresholds, proposals and eyes on the section page, looked at on the server: one start, one page."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from shapely import Point, Polygon

from tests.e2e.browser import PLACE, SECTION, UM_PER_PX, Desk, at_um, browser_page, log_in
from tests.e2e.conftest import Product, await_result

BOX = [[3500, 3800], [4500, 3800], [4500, 4200], [3500, 4200]]


@pytest.fixture(scope="module")
def page(shared_product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(shared_product, tmp_path_factory.mktemp("editing")) as opened:
        log_in(opened, shared_product)
        yield opened


@pytest.fixture
def desk(page: Page, shared_product: Product) -> Desk:
    return Desk(page, shared_product.api())


def put(desk: Desk, *rings: list[list[float]]) -> None:
    """The section with these regions and no others, the first one selected."""
    for region in desk.stored():
        desk.api.call("DELETE", f"/api/projects/demo/annotations/{region['uid']}", params={"version": region["version"]})
    uids = [uuid4().hex for _ in rings]
    for uid, ring in zip(uids, rings, strict=True):
        body = {"section": SECTION, "area": "hOc1", "paths": [ring], "version": 0}
        assert desk.api.call("PUT", f"/api/projects/demo/annotations/{uid}", json=body).status_code == 200
    desk.page.goto(f"/p/demo/s/{SECTION}?view={PLACE}" + (f"&region={uids[0]}" if uids else ""))
    desk.page.locator(f"[data-testid=section-viewer][data-section='{SECTION}'][data-ready='true']").wait_for()
    desk.page.locator(f"[data-testid=region-overlay][data-regions='{len(rings)}']").wait_for(state="attached")


def ring(desk: Desk) -> list[list[float]]:
    """The only region's first ring, as the server has it."""
    found: list[dict[str, Any]] = desk.stored()
    return found[0]["paths"][0] if found else []


def test_a_node_is_added_on_the_outline_and_taken_away(desk: Desk) -> None:
    put(desk, BOX)
    expect(desk.page.get_by_test_id("region-panel")).to_be_visible()
    desk.press("Shift+A")
    desk.click((4000, 3800), delay=40)
    await_result(lambda: len(ring(desk)) == 5, "a node more", 30)
    assert ring(desk)[1] == pytest.approx([4000, 3800], abs=UM_PER_PX)
    desk.press("Shift+E")
    desk.click((4500, 4200), delay=40)
    await_result(lambda: len(ring(desk)) == 4, "a node less", 30)
    assert [4500, 4200] not in ring(desk)


def test_a_handle_is_dragged_and_its_opposite_follows_but_for_alt(desk: Desk) -> None:
    put(desk, [[4000, 3000, -400, 0, 400, 0], [5000, 5000], [3000, 5000]])
    expect(desk.page.get_by_test_id("region-panel")).to_be_visible()
    desk.press("v")
    desk.drag((4400, 3000), (4400, 2800))
    await_result(lambda: ring(desk)[0][5] != 0, "the handle moved", 30)
    turned = np.array([400, -200]) / np.hypot(400, 200)
    assert ring(desk)[0][4:] == pytest.approx([400, -200], abs=UM_PER_PX)
    assert ring(desk)[0][2:4] == pytest.approx((-400 * turned).tolist(), abs=UM_PER_PX)
    opposite = ring(desk)[0][2:4]
    desk.page.keyboard.down("Alt")
    desk.drag((4400, 2800), (4600, 3200))
    desk.page.keyboard.up("Alt")
    await_result(lambda: ring(desk)[0][5] > 0, "the handle alone", 30)
    assert ring(desk)[0][2:4] == opposite


def test_a_region_is_rotated_by_dragging_in_steps_of_15_degrees(desk: Desk) -> None:
    put(desk, BOX)
    expect(desk.page.get_by_test_id("region-panel")).to_be_visible()
    desk.press("Shift+R")
    desk.page.keyboard.down("Shift")
    desk.drag((4400, 4000), (4300, 4300), (3990, 4400))
    desk.page.keyboard.up("Shift")
    await_result(lambda: ring(desk) != BOX, "the rotated region", 30)
    x, y = np.array(ring(desk)).T
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((3800, 4200, 3500, 4500), abs=0.02)


def test_the_address_carries_how_the_view_is_turned(desk: Desk) -> None:
    put(desk)
    desk.press(">", ">")
    desk.page.wait_for_url("**view=4000,4000,8,30*")
    desk.page.goto(f"/p/demo/s/{SECTION}?view={PLACE},345")
    expect(desk.page.get_by_test_id("section-viewer")).to_have_attribute("data-turn-deg", "345")


def test_all_that_is_brighter_than_a_threshold_becomes_a_region(desk: Desk) -> None:
    put(desk)
    desk.press("Shift+W")
    desk.page.get_by_test_id("threshold-side").select_option("brighter than")
    desk.page.get_by_test_id("threshold-level").fill("200")
    desk.page.get_by_test_id("threshold-keep").click()
    [region] = desk.await_stored(1)
    glass = max((Polygon([node[:2] for node in path]) for path in region["paths"]), key=lambda one: one.area)
    assert glass.buffer(20).contains(Point(300, 4000))


def test_an_outline_between_two_annotated_sections_is_proposed_and_drawn(desk: Desk) -> None:
    put(desk)
    proposed = desk.api.call("GET", f"/api/projects/demo/sections/{SECTION}/proposal", params={"area": "hOc1"}).json()
    desk.press("o")
    [region] = desk.await_stored(1)
    expect(desk.page.get_by_test_id("proposal-words")).to_be_visible()
    assert region["paths"] == proposed["paths"]


def test_the_eye_of_an_area_hides_its_regions_here_and_in_the_address_only(desk: Desk) -> None:
    put(desk, BOX)
    overlay = desk.page.get_by_test_id("region-overlay")
    desk.page.get_by_role("button", name="Show hOc1").click()
    expect(overlay).to_have_attribute("data-regions", "0")
    desk.page.wait_for_url("**hide=hOc1*")
    desk.page.mouse.click(*at_um(desk.page, 4000, 4000))
    expect(desk.page.get_by_test_id("region-panel")).to_have_count(0)  # what is hidden is not caught
    desk.page.get_by_role("button", name="Show hOc1").click()
    expect(overlay).to_have_attribute("data-regions", "1")
    assert len(desk.stored()) == 1
