"""What a person does at the section page, in the words of the page."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.e2e.conftest import Api, await_result

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Drawing in space without a graphics card.
IN_SPACE = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", *CHROMIUM_FLAGS[2:]]
PATIENCE_MS = 30_000
# Where tools are tried: a section, and a place on it.
SECTION = 921
UM_PER_PX = 8.0
PLACE = f"4000,4000,{UM_PER_PX:.0f}"
Um = tuple[float, float]


class Site(Protocol):
    """Where the product is, and who may log in."""

    @property
    def url(self) -> str:
        """Of its pages."""

    @property
    def user(self) -> str:
        """The name of an account."""

    @property
    def password(self) -> str:
        """Of that account."""


@contextmanager
def browser_page(product: Site, screenshots: Path, flags: Sequence[str] = CHROMIUM_FLAGS) -> Iterator[Page]:
    """A page of a fresh headless Chromium; what it looked like at the end is kept."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(flags))
        page = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=product.url).new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        try:
            yield page
        finally:
            screenshots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=screenshots / "last.png")
            browser.close()


def log_in(page: Page, product: Site) -> None:
    """Fill the form and see the projects."""
    page.goto("/")
    page.get_by_test_id("login-name").fill(product.user)
    page.get_by_test_id("login-password").fill(product.password)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("project-card").first.wait_for()


def open_section(page: Page, number: int) -> None:
    """Click the section in the filmstrip, or go to its address, and wait for its tiles."""
    frame = page.locator(f"[data-testid=film-frame][data-number='{number}']")
    if frame.count():
        frame.click()
    else:
        page.goto(f"/p/demo/s/{number}")
    ready = f"[data-testid=section-viewer][data-section='{number}'][data-ready='true']"
    page.locator(ready).wait_for()


def at_um(page: Page, x_um: float, y_um: float) -> tuple[float, float]:
    """Where a point of the section is on the page, in CSS pixels."""
    viewer = page.get_by_test_id("section-viewer")
    box = viewer.bounding_box()
    assert box is not None
    scale, centre_x, centre_y = (
        float(viewer.get_attribute(name) or "nan") for name in ("data-um-per-px", "data-centre-x-um", "data-centre-y-um")
    )
    return box["x"] + box["width"] / 2 + (x_um - centre_x) / scale, box["y"] + box["height"] / 2 + (y_um - centre_y) / scale


def draw_polygon(page: Page, corners_um: list[tuple[float, float]]) -> None:
    """Choose the polygon tool, click the corners, close with Enter, go back to selecting."""
    page.get_by_test_id("tool-polygon").click()
    for x_um, y_um in corners_um:
        page.mouse.click(*at_um(page, x_um, y_um), delay=60)
    page.keyboard.press("Enter")
    page.get_by_test_id("tool-select").click()


def wait_saved(page: Page) -> None:
    """The header says that nothing is left to save."""
    expect(page.get_by_test_id("save-state")).to_have_text(re.compile(r"^\s*saved\s*$"))


def frame(page: Page, number: int) -> Locator:
    """One picture of the filmstrip."""
    return page.locator(f"[data-testid=film-frame][data-number='{number}']")


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
