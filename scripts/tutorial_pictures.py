"""Take the tutorial's pictures from a running demo whose training has ended.

python -m scripts.tutorial_pictures http://127.0.0.1:8765 PASSWORD docs/images
"""

import sys
from pathlib import Path

from playwright.sync_api import Page

from scripts.demo_page import SETTLE_MS, demo_page
from tests.e2e.browser import at_um, frame, open_section

FIRST, BETWEEN = 901, 961
BORDER_UM = (4300.0, 27000.0)  # of hOc1 and hOc2 on section 901 of the demo brain


def main(address: str, password: str, folder: Path) -> None:
    """Walk the tutorial's way and photograph each station."""
    with demo_page(address, password) as page:
        page.get_by_test_id("project-card").first.click()
        page.get_by_test_id("project-page").wait_for()
        shoot(page, folder / "tutorial-project.png")
        page.goto(f"/p/demo/s/{FIRST}")
        open_section(page, FIRST)
        shoot(page, folder / "tutorial-section.png")
        page.mouse.move(*at_um(page, *BORDER_UM))
        for _ in range(9):
            page.mouse.wheel(0, -240)
            page.wait_for_timeout(150)
        shoot(page, folder / "tutorial-cells.png")
        page.get_by_test_id("fit").click()
        page.get_by_test_id("open-wizard").click()
        page.get_by_test_id("preset-demo").wait_for()
        shoot(page, folder / "tutorial-wizard.png")
        page.keyboard.press("Escape")
        page.goto(f"/p/demo/s/{BETWEEN}")
        open_section(page, BETWEEN)
        frame(page, BETWEEN).wait_for()
        page.get_by_test_id("accept").wait_for()
        shoot(page, folder / "tutorial-review.png")


def shoot(page: Page, file: Path) -> None:
    """A picture once the view has settled."""
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
