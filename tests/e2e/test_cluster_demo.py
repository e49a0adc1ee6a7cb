"""`brodmann cluster demo`: the click that trains here trains on a cluster, behind SSH and in Slurm's queue."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from brodmann.lab.sshd import sshd_missing
from tests.e2e.browser import browser_page, log_in, open_section
from tests.e2e.cluster import fill, free, left_over, terminal
from tests.e2e.conftest import CLUSTER_DEMO, REPOSITORY, Installation, Product, stop_product
from tests.integration.cluster import needs_slurm

pytestmark = [needs_slurm, pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())]
TRAINING_MS = 240_000


@pytest.fixture
def demo(installation: Installation, tmp_path: Path) -> Iterator[Product]:
    """The demonstration on the tiny brain."""
    running = installation.start(tmp_path / "data", CLUSTER_DEMO)
    yield running
    stop_product(running)


def train(page: Page) -> None:
    """The wizard's quick preset; the job's details stay open."""
    page.get_by_test_id("open-wizard").click()
    page.get_by_test_id("preset-tiny").check()
    page.get_by_test_id("train").click()
    page.get_by_test_id("job-pill").wait_for()
    page.get_by_test_id("open-job").click()
    page.get_by_test_id("job-drawer").locator("[data-testid=job][data-kind=train]").click()


@pytest.mark.timeout(600)
def test_a_click_trains_in_the_queue_behind_ssh_and_ctrl_c_leaves_nothing(demo: Product, tmp_path: Path) -> None:
    environment = terminal(demo.data)
    place = Path(environment["SLURM_CONF"]).parents[2]
    command = [sys.executable, "-m", "brodmann", "cluster", "check"]
    check = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
    with browser_page(demo, tmp_path / "screenshots") as page:
        log_in(page, demo)
        expect(page.get_by_test_id("compute-light")).to_have_attribute("data-tone", "ready")
        page.get_by_test_id("project-card").first.click()
        open_section(page, 901)
        others = fill(environment)
        train(page)
        expect(page.get_by_test_id("job-words")).to_contain_text("Waiting in the queue: it is next")
        free(environment, others)
        page.get_by_test_id("loss-curve").wait_for(timeout=TRAINING_MS)
        expect(page.get_by_test_id("job-details")).to_have_attribute("data-state", "succeeded", timeout=TRAINING_MS)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("review-predictions")).to_be_visible(timeout=TRAINING_MS)
    assert len(list(demo.data.glob("jobs/*/slurm.sh"))) == 2  # training and prediction were batch scripts
    fill(environment)  # a job that runs ends with the rest
    stop_product(demo)
    assert demo.process.returncode == 0
    assert left_over(place) == []
    assert not place.exists()
    assert not (demo.data / "cluster.env").exists()
