"""A brain's page: its sections with their state, and the jobs that find tissue and align, started and stopped there."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import browser_page, log_in
from tests.e2e.conftest import REPOSITORY, Product

NUMBERS = (901, 911, 921, 931, 941)  # of the tiny phantom
JOB_MS = 240_000


def card(page: Page, number: int) -> Locator:
    """One section of the grid."""
    return page.locator(f"[data-testid=section-card][data-number='{number}']")


def expect_left(page: Page, which: str, count: int, timeout_ms: int = 30_000) -> None:
    """A filter's count."""
    expect(page.get_by_test_id(f"filter-{which}")).to_have_attribute("data-sections", str(count), timeout=timeout_ms)


def open_brain(page: Page) -> None:
    """By the header's link and the brain's card, as a person goes."""
    page.get_by_test_id("nav-brains").click()
    page.locator("[data-testid=brain-card][data-brain=TINY]").click()
    expect(page.get_by_test_id("section-grid")).to_have_attribute("data-sections", str(len(NUMBERS)))


def forget_what_was_computed(product: Product) -> None:
    """As after an ingest: images alone."""
    folder = product.data / "brains" / "TINY"
    shutil.rmtree(folder / "tissue")
    (folder / "alignment.json").unlink()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The process does nothing meanwhile, so that nothing can be over before it is looked at."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def start_and_stop_a_job(page: Page, product: Product) -> None:
    """A stopped job changes nothing, and the same may be started again."""
    job = page.locator("[data-testid=brain-job][data-kind=tissue]")
    with frozen(product.pids()["poller"]):
        page.get_by_test_id("start-tissue").click()
        expect(job).to_be_visible()
        expect(page.get_by_test_id("start-tissue")).to_be_disabled()
        job.get_by_test_id("stop-brain-job").click()
        expect(job.get_by_test_id("brain-job-words")).to_contain_text("Being stopped")
    expect(job).to_have_attribute("data-state", "cancelled", timeout=JOB_MS)
    expect_left(page, "tissue", len(NUMBERS))
    expect(page.get_by_test_id("start-tissue")).to_be_enabled()


def find_tissue_of_two_chosen_sections(page: Page) -> None:
    """A click and a click with Shift choose; only the chosen ones are computed."""
    card(page, 901).get_by_test_id("choose-section").click()
    card(page, 911).get_by_test_id("choose-section").click(modifiers=["Shift"])
    expect(page.get_by_test_id("chosen")).to_contain_text("2 sections chosen")
    page.get_by_test_id("start-tissue").click()
    expect(page.get_by_test_id("chosen")).to_have_count(0)
    for number in (901, 911):
        expect(card(page, number)).to_have_attribute("data-tissue", "computed", timeout=JOB_MS)
    expect_left(page, "tissue", 3)


def find_the_rest_and_align(page: Page) -> None:
    """Where it is missing; both kinds may run at a time."""
    expect(page.get_by_test_id("start-tissue")).to_be_enabled(timeout=JOB_MS)
    page.get_by_test_id("start-tissue").click()
    expect(page.get_by_test_id("start-tissue")).to_be_disabled()
    page.get_by_test_id("start-align").click()
    expect(page.get_by_test_id("start-align")).to_be_disabled()
    expect_left(page, "tissue", 0, JOB_MS)
    expect_left(page, "unaligned", 0, JOB_MS)
    expect(page.get_by_test_id("brain-page")).to_have_attribute("data-jobs", "0", timeout=JOB_MS)
    expect(card(page, 941)).to_have_attribute("data-pair", "last")
    for number in NUMBERS[:-1]:
        expect(card(page, number)).to_have_attribute("data-pair", re.compile("ok|weak"))
    expect(card(page, 901).get_by_test_id("open-pair")).to_have_attribute("title", re.compile(r"901 to 911, .+ matches agree"))
    for kind in ("tissue", "align"):
        expect(page.get_by_test_id(f"start-{kind}")).to_be_disabled()


@pytest.mark.timeout(900)
def test_tissue_and_alignment_are_computed_from_the_page_and_a_job_can_be_stopped(product: Product, tmp_path: Path) -> None:
    forget_what_was_computed(product)
    with browser_page(product, tmp_path / "screenshots") as page:
        log_in(page, product)
        open_brain(page)
        page.evaluate("window.neverReloaded = true")
        expect_left(page, "tissue", len(NUMBERS))
        expect_left(page, "unaligned", len(NUMBERS) - 1)
        start_and_stop_a_job(page, product)
        find_tissue_of_two_chosen_sections(page)
        find_the_rest_and_align(page)
        assert page.evaluate("window.neverReloaded")
        page.get_by_test_id("show-brain-jobs").click()
        expect(page.locator("[data-testid=brain-job][data-state=cancelled]")).to_have_count(1)
        alignment = page.locator("[data-testid=brain-job][data-kind=align][data-state=succeeded]").first
        alignment.get_by_test_id("brain-job-log").locator("summary").click()
        expect(alignment.locator("pre")).to_be_visible()
        card(page, 901).get_by_test_id("open-pair").click()
        expect(page).to_have_url(re.compile(r"/p/demo/s/901\?.*overlay=next"))
        expect(page.get_by_test_id("neighbour-words")).to_contain_text("0911")


def test_a_missing_image_is_told_on_the_section_and_counted(product: Product, tmp_path: Path) -> None:
    (product.data / "brains" / "TINY" / "sections" / "TINY_0921.tif").unlink()
    with browser_page(product, tmp_path) as page:
        log_in(page, product)
        open_brain(page)
        expect_left(page, "problems", 1)
        page.get_by_test_id("filter-problems").click()
        expect(page.get_by_test_id("section-card")).to_have_count(1)
        expect(card(page, 921).get_by_test_id("section-problem")).to_contain_text("TINY_0921.tif")
        expect(page).to_have_url(re.compile("show=problems"))


def test_an_unknown_brain_is_told(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        page.goto("/brains/ATLANTIS")
        expect(page.get_by_test_id("error").first).to_contain_text("ATLANTIS")


def test_without_a_project_sections_can_be_looked_at_and_a_project_is_offered(shared_product: Product, tmp_path: Path) -> None:
    add = [sys.executable, "-m", "brodmann", "user", "add", "guest", "--data", str(shared_product.data)]
    subprocess.run(add, cwd=REPOSITORY, env={**os.environ, "BRODMANN_PASSWORD": "a long password"}, check=True)
    with browser_page(shared_product, tmp_path) as page:
        page.goto("/brains/TINY")
        page.get_by_test_id("login-name").fill("guest")
        page.get_by_test_id("login-password").fill("a long password")
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("project-hint")).to_be_visible()
        expect(page.get_by_test_id("start-tissue")).to_be_disabled()
        card(page, 911).get_by_test_id("open-section").click()
        page.locator("[data-testid=section-viewer][data-section='911'][data-ready='true']").wait_for()
        page.go_back()
        page.get_by_test_id("project-hint").get_by_role("link").click()
        expect(page.get_by_test_id("new-project-form").locator("select")).to_have_value("TINY")
