"""Several people on one section, and one person's way back: undo across a reload, presence, conflicts, restoring."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import browser_page, draw_polygon, log_in, open_section, wait_saved
from tests.e2e.conftest import Api, Product, await_result

SECTION = 911
SQUARE_UM = [(5200.0, 5200.0), (6600.0, 5200.0), (6600.0, 6600.0), (5200.0, 6600.0)]
TRIANGLE_UM = [(2000.0, 2000.0), (3200.0, 2000.0), (2600.0, 3200.0)]


def regions(api: Api) -> list[dict[str, Any]]:
    """What the server has of the section."""
    return api.get(f"/api/projects/demo/sections/{SECTION}/annotations")["annotations"]  # type: ignore[return-value]


def corners(api: Api) -> list[int]:
    """The number of nodes of every region there, fewest first."""
    return sorted(len(region["paths"][0]) for region in regions(api))


def await_corners(page: Page, api: Api, wanted: list[int]) -> None:
    await_result(lambda: corners(api) == wanted, f"regions of {wanted} nodes, not {corners(api)}", timeout_s=30)
    wait_saved(page)


def reload(page: Page) -> None:
    page.reload()
    page.locator(f"[data-testid=section-viewer][data-section='{SECTION}'][data-ready='true']").wait_for()


def undo_across_a_reload(page: Page, api: Api) -> None:
    """Two deeds, a reload between doing and undoing, and one between undoing and redoing."""
    open_section(page, SECTION)
    draw_polygon(page, SQUARE_UM)
    draw_polygon(page, TRIANGLE_UM)
    await_corners(page, api, [3, 4])
    reload(page)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    await_corners(page, api, [])
    reload(page)
    page.get_by_test_id("redo").click()
    await_corners(page, api, [4])
    [square] = regions(api)
    assert square["version"] == 3  # drawn, deleted, restored: one region all along


@pytest.mark.timeout(300)
def test_people(shared_product: Product, tmp_path: Path) -> None:
    api = shared_product.api()
    with browser_page(shared_product, tmp_path / "demo") as page:
        log_in(page, shared_product)
        undo_across_a_reload(page, api)
