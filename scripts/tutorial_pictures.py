"""Take the tutorial's pictures from a running demo whose training has ended.

python -m scripts.tutorial_pictures http://127.0.0.1:8765 PASSWORD docs/images
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import CHROMIUM_FLAGS, at_um, frame, open_section

FIRST, BETWEEN = 901, 961
BORDER_UM = (4300.0, 27000.0)  # of hOc1 and hOc2 on section 901 of the demo brain
SETTLE_MS = 1500


def main(address: str, password: str, folder: Path) -> None:
    """Walk the tutorial's way and photograph each station."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=address).new_page()
        page.goto("/")
        page.get_by_test_id("login-name").fill("demo")
        page.get_by_test_id("login-password").fill(password)
        page.get_by_test_id("login-submit").click()
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
        browser.close()


def shoot(page: Page, file: Path) -> None:
    """A picture once the view has settled."""
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
