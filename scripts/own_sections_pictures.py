"""Take the pictures of the tutorial "Bring your own sections" from a running Brodmann with a freshly ingested brain.

python -m scripts.own_sections_pictures http://127.0.0.1:8765 NAME PASSWORD BRAIN docs/images
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from scripts.tutorial_pictures import shoot
from tests.e2e.browser import CHROMIUM_FLAGS

JOB_MS = 600_000


def main(address: str, name: str, password: str, brain: str, folder: Path) -> None:
    """Walk the tutorial's way and photograph each station."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        page = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address).new_page()
        page.goto("/brains")
        page.get_by_test_id("login-name").fill(name)
        page.get_by_test_id("login-password").fill(password)
        page.get_by_test_id("login-submit").click()
        page.get_by_test_id("brain-state").first.wait_for()
        shoot(page, folder / "own-brains.png")
        page.goto(f"/brains/{brain}")
        make_project(page)
        page.goto(f"/brains/{brain}")
        compute(page, folder)
        page.get_by_test_id("filter-all").click()
        shoot(page, folder / "own-aligned.png")
        page.get_by_test_id("open-pair").nth(6).click()
        page.get_by_test_id("neighbour-words").wait_for()
        shoot(page, folder / "own-overlay.png")
        page.goto(f"/brains/{brain}")
        page.get_by_test_id("open-tissue").nth(6).click()
        page.locator("[data-testid=tissue-overlay][data-shown=true]").wait_for()
        shoot(page, folder / "own-tissue.png")
        browser.close()


def make_project(page: Page) -> None:
    """With the first area of the brain, when there is none yet."""
    page.get_by_test_id("brain-toolbar").wait_for()
    offer = page.get_by_test_id("project-hint").get_by_role("link")
    if not offer.count():
        return
    offer.click()
    page.get_by_test_id("new-project-title").fill("Visual cortex")
    page.get_by_test_id("new-project-form").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Create").click()
    page.get_by_test_id("project-page").wait_for()


def compute(page: Page, folder: Path) -> None:
    """Find tissue and align."""
    for kind in ("tissue", "align"):
        page.get_by_test_id(f"start-{kind}").click()
        page.locator(f"[data-testid=brain-job][data-kind={kind}]").wait_for()
    expect(page.get_by_test_id("brain-job-words").first).to_contain_text("left", timeout=JOB_MS)
    shoot(page, folder / "own-jobs.png")
    expect(page.get_by_test_id("brain-page")).to_have_attribute("data-jobs", "0", timeout=JOB_MS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5]))
