"""What is wrong is said in words, by the page as by the API, and nothing is lost."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import browser_page, draw_polygon, log_in, open_section
from tests.e2e.conftest import Product, await_result

BOW_TIE_UM = [(2000.0, 2000.0), (4000.0, 4000.0), (4000.0, 2000.0), (2000.0, 4000.0)]
FAR_OUTSIDE_UM = [(7000.0, 3000.0), (9500.0, 3000.0), (9500.0, 5000.0), (7000.0, 5000.0)]
BIG_BODY_BYTES = 200_000_000


def test_wrong_password_is_told(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        page.goto("/")
        page.get_by_test_id("login-name").fill(shared_product.user)
        page.get_by_test_id("login-password").fill("wrong password")
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("error")).to_contain_text(re.compile("password", re.IGNORECASE))


def test_an_unknown_section_and_an_unknown_project_are_told(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        page.goto("/p/demo/s/7777")
        expect(page.get_by_test_id("error").first).to_contain_text("7777")
        page.goto("/p/atlantis")
        expect(page.get_by_test_id("error").first).to_contain_text("atlantis")


def test_a_self_crossing_outline_is_kept_and_told(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_section(page, 911)
        draw_polygon(page, BOW_TIE_UM)
        expect(page.get_by_test_id("outline-problem").first).to_contain_text(re.compile("cross", re.IGNORECASE))
    found = shared_product.api().get("/api/projects/demo/sections/911/annotations")["annotations"]
    assert len(found) == 1  # type: ignore[arg-type]


def test_an_outline_that_leaves_the_section_is_kept_and_told(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_section(page, 921)
        draw_polygon(page, FAR_OUTSIDE_UM)
        expect(page.get_by_test_id("outline-problem").first).to_contain_text(re.compile("section|image", re.IGNORECASE))
    found = shared_product.api().get("/api/projects/demo/sections/921/annotations")["annotations"]
    assert len(found) == 1  # type: ignore[arg-type]


def test_an_area_without_two_annotated_sections_says_what_is_missing(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_section(page, 901)
        page.get_by_test_id("open-wizard").click()
        page.get_by_test_id("wizard-area").select_option("hOc2")
        expect(page.get_by_test_id("wizard-missing")).to_contain_text(re.compile("annotat", re.IGNORECASE))
        expect(page.get_by_test_id("train")).to_be_disabled()


def test_training_a_pair_that_is_not_annotated_is_refused(shared_product: Product) -> None:
    body = {"key": uuid4().hex, "area": "hOc2", "pairs": [[901, 941]], "preset": "tiny", "settings": None}
    answer = shared_product.api().call("POST", "/api/projects/demo/tasks", json=body)
    assert answer.status_code in (400, 409, 422)
    assert "hOc2" in answer.json()["error"]["message"]


def test_malformed_json_is_refused(shared_product: Product) -> None:
    answer = shared_product.api().call(
        "POST", "/api/projects/demo/tasks", data=b'{"key": ', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert "JSON" in answer.json()["error"]["message"]


def test_a_body_of_200_mb_is_refused_in_words(shared_product: Product) -> None:
    answer = shared_product.api().call(
        "POST", "/api/projects/demo/tasks", data=b" " * BIG_BODY_BYTES, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert "MB" in answer.json()["error"]["message"]


@pytest.mark.timeout(300)
def test_an_unreadable_image_is_told_and_the_other_sections_still_open(product: Product, tmp_path: Path) -> None:
    image = product.data / "brains" / "TINY" / "sections" / "TINY_0921.tif"
    image.write_bytes(b"not an image at all")
    with browser_page(product, tmp_path) as page:
        log_in(page, product)
        page.goto("/p/demo/s/921")
        expect(page.get_by_test_id("error").first).to_contain_text("TINY_0921.tif")
        open_section(page, 931)
    api = product.api()
    answer = await_result(lambda: api.call("GET", "/api/brains/TINY/sections/921/pyramid"), "an answer")
    assert answer.status_code >= 400
    assert "TINY_0921.tif" in answer.json()["error"]["message"]
