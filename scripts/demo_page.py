"""The demo's page in Chromium for the scripts that take pictures of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import CHROMIUM_FLAGS

SETTLE_MS = 1500


@contextmanager
def demo_page(address: str, password: str) -> Iterator[Page]:
    """A page of 1440 x 900 px, logged in as demo, with the list of projects."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=address).new_page()
        page.goto("/")
        page.get_by_test_id("login-name").fill("demo")
        page.get_by_test_id("login-password").fill(password)
        page.get_by_test_id("login-submit").click()
        page.get_by_test_id("project-card").first.wait_for()
        yield page
        browser.close()
