"""Borders that areas share, looked at on the server: one start, one page, fresh regions for every test."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from shapely import Polygon

from tests.e2e.browser import PLACE, SECTION, UM_PER_PX, Desk, Um, at_um, browser_page, log_in
from tests.e2e.conftest import Product, await_result

LEFT: list[Um] = [(3000, 3000), (4000, 3000), (4000, 4000), (4000, 5000), (3000, 5000)]
RIGHT: list[Um] = [(4000, 5000), (4000, 4000), (4000, 3000), (5000, 3000), (5000, 5000)]


@pytest.fixture(scope="module")
def page(shared_product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(shared_product, tmp_path_factory.mktemp("borders")) as opened:
        log_in(opened, shared_product)
        yield opened


@pytest.fixture
def desk(page: Page, shared_product: Product) -> Desk:
    return Desk(page, shared_product.api())


def put(desk: Desk, *regions: list[Um]) -> list[str]:
    """The section with these regions and no others, seen at 8 µm per pixel; their identifiers."""
    for region in desk.stored():
        desk.api.call("DELETE", f"/api/projects/demo/annotations/{region['uid']}", params={"version": region["version"]})
    uids = [uuid4().hex for _ in regions]
    for uid, corners in zip(uids, regions, strict=True):
        body = {"section": SECTION, "area": "hOc1", "paths": [corners], "version": 0}
        answer = desk.api.call("PUT", f"/api/projects/demo/annotations/{uid}", json=body)
        assert answer.status_code == 200, answer.text
    desk.page.goto(f"/p/demo/s/{SECTION}?view={PLACE}")
    desk.page.locator(f"[data-testid=section-viewer][data-section='{SECTION}'][data-ready='true']").wait_for()
    desk.page.locator(f"[data-testid=region-overlay][data-regions='{len(regions)}']").wait_for(state="attached")
    return uids


def nodes(desk: Desk, uid: str) -> list[Any]:
    """The first ring of a region as the server has it."""
    [region] = [one for one in desk.stored() if one["uid"] == uid]
    return [tuple(node) for node in region["paths"][0]]


def test_a_shared_node_moves_in_both_regions_in_one_step_and_with_alt_in_one(desk: Desk) -> None:
    left, right = put(desk, LEFT, RIGHT)
    desk.click((3300, 3300))
    desk.drag((4000, 4000), (4400, 4160))
    moved = await_result(lambda: (nodes(desk, left)[2] != LEFT[2]) and nodes(desk, left)[2], "the moved node", 30)
    assert moved == pytest.approx((4400, 4160), abs=UM_PER_PX)
    await_result(lambda: nodes(desk, right)[1] == moved, "the neighbour's node at the same place", 30)
    desk.press("Control+z")
    await_result(lambda: (nodes(desk, left), nodes(desk, right)) == (LEFT, RIGHT), "both as before, in one step", 30)

    desk.click((3300, 3300))
    desk.page.mouse.dblclick(*at_um(desk.page, 4000, 3500))
    await_result(lambda: (len(nodes(desk, left)), len(nodes(desk, right))) == (6, 6), "a node more in both", 30)
    assert nodes(desk, left)[2] == nodes(desk, right)[2]

    desk.click((3300, 3300))
    desk.page.keyboard.down("Alt")
    desk.drag((4000, 4000), (3800, 4000))
    desk.page.keyboard.up("Alt")
    await_result(lambda: nodes(desk, left)[3] == pytest.approx((3800, 4000), abs=UM_PER_PX), "the node of one", 30)
    assert nodes(desk, right)[1] == (4000, 4000)


def test_a_polygon_that_is_clicked_near_a_border_shares_it_and_a_dragged_node_snaps(desk: Desk) -> None:
    [left] = put(desk, [(3000, 3000), (4000, 3000), (4000, 5000), (3000, 5000)])
    desk.press("p")
    for place in ((4030, 3400), (5000, 3400), (5000, 4600), (4030, 4600)):
        desk.click(place, delay=60)
    desk.press("Enter")
    [right] = [one["uid"] for one in desk.await_stored(2) if one["uid"] != left]
    await_result(lambda: len(nodes(desk, left)) == 6, "nodes of the neighbour where they touch", 30)
    shared = set(nodes(desk, left)) & set(nodes(desk, right))
    assert sorted(x for x, _ in shared) == [4000, 4000]
    desk.press("Control+z")
    desk.await_stored(1)
    await_result(lambda: len(nodes(desk, left)) == 4, "the neighbour as before, in one step", 30)
    desk.press("Control+Shift+z")
    desk.await_stored(2)
    free = next(node for node in nodes(desk, right) if node[0] > 4500 and node[1] < 4000)
    desk.drag(free, (4040, 3030))
    await_result(lambda: (4000, 3000) in nodes(desk, right), "the node on the corner of the neighbour", 30)


def test_a_polygon_along_a_border_takes_over_its_nodes(desk: Desk) -> None:
    [left] = put(desk, [(3000, 3000), (4000, 3000), (4200, 4000), (4000, 5000), (3000, 5000)])
    desk.press("p")
    for place in ((4010, 3010), (5000, 3000), (5000, 5000), (4010, 4990)):
        desk.click(place, delay=60)
    desk.press("Enter")
    [right] = [one["uid"] for one in desk.await_stored(2) if one["uid"] != left]
    assert nodes(desk, right)[-2:] == [(4000, 5000), (4200, 4000)]
    assert nodes(desk, right)[0] == (4000, 3000)


def shape(desk: Desk, uid: str) -> Polygon:
    """A region of one ring of corners, as the server has it."""
    return Polygon(nodes(desk, uid))


def mend(desk: Desk, kind: str, title: str) -> None:
    """The first finding of this kind is put in order by the button with this title."""
    desk.page.locator(f"[data-testid=finding][data-kind={kind}]").first.get_by_role("button", name=title, exact=True).click()


def test_the_check_lists_overlap_gap_and_crossing_and_mends_each_in_one_step(desk: Desk) -> None:
    upper, lower, beside, bow = put(
        desk,
        [(3000, 3000), (4000, 3000), (4000, 4000), (3000, 4000)],
        [(3000, 3900), (4000, 3900), (4000, 5000), (3000, 5000)],
        [(4030, 3000), (5000, 3000), (5000, 4000), (4030, 4000)],
        [(5500, 3000), (6000, 3500), (6000, 3000), (5500, 3500)],
    )
    desk.press("y")
    expect(desk.page.get_by_test_id("borders-words")).to_have_text("3 places to look at.")
    desk.page.get_by_role("button", name=f"hOc1 {bow[:4]} crosses itself").click()
    expect(desk.page.get_by_test_id("section-viewer")).to_have_attribute("data-centre-x-um", "5750.00")

    mend(desk, "overlap", f"to hOc1 {upper[:4]}")
    await_result(lambda: shape(desk, lower).area == pytest.approx(1000 * 1000), "the lower one without what both had", 30)
    assert shape(desk, upper).area == pytest.approx(1000 * 1000)
    assert shape(desk, upper).intersection(shape(desk, lower)).area == 0
    desk.press("Control+z")
    await_result(lambda: shape(desk, lower).area == pytest.approx(1000 * 1100), "as before, in one step", 30)
    desk.press("Control+Shift+z")
    await_result(lambda: shape(desk, lower).area == pytest.approx(1000 * 1000), "mended again", 30)

    mend(desk, "crossing", "untie")
    await_result(lambda: len(next(one for one in desk.stored() if one["uid"] == bow)["paths"]) == 2, "two triangles", 30)

    desk.press("y")
    mend(desk, "gap", f"into hOc1 {beside[:4]}")
    await_result(lambda: shape(desk, beside).area > 1000 * 995, "the wider one", 30)
    assert shape(desk, beside).intersection(shape(desk, upper)).area == pytest.approx(0, abs=1)
    assert shape(desk, beside).distance(shape(desk, upper)) == pytest.approx(0, abs=0.01)


def test_a_freehand_line_along_a_border_takes_it_over(desk: Desk) -> None:
    [left] = put(desk, [(3000, 3000), (4000, 3000), (4200, 4000), (4000, 5000), (3000, 5000)])
    desk.press("f")
    desk.drag((5000, 3200), (4060, 3180), (4220, 4000), (4030, 4900), (5000, 4800), (5000, 3260))
    [right] = [one["uid"] for one in desk.await_stored(2) if one["uid"] != left]
    places = [(node[0], node[1]) for node in nodes(desk, right)]
    assert (4200, 4000) in places
    shared = {(node[0], node[1]) for node in nodes(desk, left)} & set(places)
    assert len(shared) == 3  # the corner, and where the line came to the border and left it
