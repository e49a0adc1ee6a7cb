"""Take the pictures of a job's life at a cluster from a running `brodmann cluster demo --tiny`.

python -m scripts.cluster_pictures http://127.0.0.1:8765 PASSWORD data/cluster-demo docs/images
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from scripts.demo_page import SETTLE_MS, demo_page
from tests.e2e.browser import open_section
from tests.e2e.cluster import fill, free, terminal

PATIENCE_MS = 600_000
PRESET = "demo"  # long enough to be looked at
JPEG_QUALITY = 80
MANY = re.compile(r"^([4-9]\d|\d{3,})$")  # points of the loss curve


def main(address: str, password: str, data: Path, folder: Path) -> None:
    """Train while others have all nodes, and photograph what the page tells."""
    environment = terminal(data)
    expect.set_options(timeout=PATIENCE_MS)
    with demo_page(address, password) as page:
        page.set_viewport_size({"width": 1280, "height": 760})
        page.get_by_test_id("project-card").first.click()
        open_section(page, 901)
        others = [fill(environment), fill(environment)]
        page.get_by_test_id("open-wizard").click()
        page.get_by_test_id(f"preset-{PRESET}").check()
        page.get_by_test_id("train").click()
        page.get_by_test_id("open-job").click()
        page.get_by_test_id("job-drawer").locator("[data-testid=job][data-kind=train]").first.click()
        expect(page.get_by_test_id("job-words")).to_contain_text("before yours")
        shoot(page, folder / "cluster-waiting.jpg")
        for job in others:
            free(environment, job)
        page.locator("[data-testid=loss-curve]").wait_for(timeout=PATIENCE_MS)
        expect(page.get_by_test_id("loss-curve")).to_have_attribute("data-points", MANY)
        shoot(page, folder / "cluster-running.jpg")
        expect(page.get_by_test_id("job-details")).to_have_attribute("data-state", "succeeded")
        page.keyboard.press("Escape")
        page.get_by_test_id("review-predictions").click(timeout=PATIENCE_MS)
        page.get_by_test_id("prediction-overlay").wait_for(state="attached")
        shoot(page, folder / "cluster-done.jpg")


def shoot(page: Page, file: Path) -> None:
    """A picture once the view has settled."""
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file, type="jpeg", quality=JPEG_QUALITY)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
