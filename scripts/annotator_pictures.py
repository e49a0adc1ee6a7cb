"""Take the pictures of the how-to of the annotator from a running demo whose predictions have come.

python -m scripts.annotator_pictures http://127.0.0.1:8765 PASSWORD docs/images

A region is put on section 901 for the pictures and deleted again.
"""

import math
import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
from playwright.sync_api import Page

from scripts.demo_page import SETTLE_MS, demo_page
from tests.e2e.browser import at_um

ANNOTATED, CORRECTED, PREDICTED = 901, 981, 941
JPEG_QUALITY = 80
# Drawn by eye as hOc2 below hOc1 of the demo brain, a little too far into it. µm.
NEIGHBOUR_UM = [(5856, 25881), (8341, 25978), (8877, 28317), (8779, 32459), (7122, 32459), (7610, 29535), (6733, 27586)]
# Around the frayed end of the prediction, as a hand would. µm.
END_UM, REACH_UM = (5600.0, 24900.0), 900.0
Um = tuple[float, float]


def put_neighbour(page: Page) -> str:
    """The region's identifier; it is drawn through the API as its author would."""
    uid = uuid4().hex
    send(
        page,
        "PUT",
        f"/api/projects/demo/annotations/{uid}",
        {"section": ANNOTATED, "area": "hOc2", "paths": [NEIGHBOUR_UM], "version": 0},
    )
    return uid


def send(page: Page, method: str, path: str, body: object = None) -> None:
    """A changing request in the name of who is logged in."""
    token = page.request.get("/api/session").json()["csrf_token"]
    answer = page.request.fetch(path, method=method, headers={"X-CSRF-Token": token}, data=body)
    assert answer.ok, answer.text()


def section(page: Page, number: int, query: str = "") -> None:
    """A section by its address, with its tiles, and the pointer out of the way."""
    page.goto("about:blank")
    page.goto(f"/p/demo/s/{number}?{query}")
    page.locator(f"[data-testid=section-viewer][data-section='{number}'][data-ready='true']").wait_for()
    page.wait_for_timeout(SETTLE_MS)


def shoot(page: Page, file: Path) -> None:
    """A picture once the view has settled."""
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file, type="jpeg", quality=JPEG_QUALITY)


def move(page: Page, *places: Um) -> None:
    """The pointer along these places."""
    for place in places:
        page.mouse.move(*at_um(page, *place), steps=8)


def borders(page: Page, folder: Path) -> None:
    """The check of borders with what it has found; and the preview of a subtraction."""
    uid = put_neighbour(page)
    try:
        section(page, ANNOTATED, "view=7000,27500,12")
        page.keyboard.press("y")
        page.get_by_test_id("finding").first.hover()
        shoot(page, folder / "annotator-borders.jpg")
        section(page, ANNOTATED, f"view=7000,27500,12&region={uid}")
        page.keyboard.press("Shift+D")
        move(page, (6200, 23500), (6000, 23300))
        page.get_by_text("Click does it.").wait_for()
        shoot(page, folder / "annotator-combine.jpg")
    finally:
        send(page, "DELETE", f"/api/projects/demo/annotations/{uid}?version=1")


def reviewing(page: Page, folder: Path) -> None:
    """Drawing around a part of a prediction; and the difference between prediction and annotation."""
    section(page, PREDICTED, "review=hOc1&view=9000,24000,16")
    page.keyboard.press("z")
    around = [
        (END_UM[0] + REACH_UM * math.cos(angle), END_UM[1] + REACH_UM * math.sin(angle))
        for angle in np.linspace(0, 5.6, 60).tolist()
    ]
    page.mouse.move(*at_um(page, *around[0]))
    page.mouse.down()
    move(page, *around[1:])
    shoot(page, folder / "annotator-part.jpg")
    page.goto("about:blank")  # nothing was judged: the button was not let go
    section(page, CORRECTED, "review=hOc1")
    page.keyboard.press("d")
    shoot(page, folder / "annotator-difference.jpg")


def main(address: str, password: str, folder: Path) -> None:
    """Log in and photograph each station."""
    with demo_page(address, password) as page:
        borders(page, folder)
        reviewing(page, folder)
        section(page, ANNOTATED + 10)
        page.keyboard.press("Shift+W")
        page.get_by_test_id("threshold-level").fill("185")
        shoot(page, folder / "annotator-threshold.jpg")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        shoot(page, folder / "annotator-keys.jpg")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
