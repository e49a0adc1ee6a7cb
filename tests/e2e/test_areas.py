"""A manager gives a project its areas: one found by another name, one of her own, and a colour."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.browser import browser_page, log_in, open_section
from tests.e2e.conftest import Product, await_result


def test_areas_are_found_by_other_names_coloured_and_saved(shared_product: Product, tmp_path: Path) -> None:
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        page.goto("/p/demo")
        search = page.get_by_test_id("area-search")
        search.fill("M1")
        page.get_by_test_id("found-4a").click()
        search.fill("my-area")
        search.press("Enter")
        rows = page.get_by_test_id("areas-editor").locator("tbody tr")
        expect(rows.last).to_have_attribute("data-area", "my-area")
        colour = page.get_by_label("Colour of my-area")
        colour.evaluate("input => { input.value = '#00aa55'; input.dispatchEvent(new Event('change')) }")
        page.screenshot(path=tmp_path / "areas.png", full_page=True)
        page.get_by_test_id("save-areas").click()
        expect(page.get_by_test_id("save-areas")).to_have_count(0)
        project = shared_product.api().get("/api/projects/demo")["project"]
        colours = await_result(lambda: {one["name"]: one["colour"] for one in project["nomenclature"]}, "areas")  # type: ignore[index]
        assert colours["my-area"] == "#00aa55"
        assert "4a" in colours
        open_section(page, 911)
        page.get_by_test_id("area-my-area").click()
        expect(page.get_by_test_id("area-my-area")).to_have_attribute("aria-pressed", "true")


def test_a_project_begins_with_an_area_that_nobody_has_named_before(shared_product: Product, tmp_path: Path) -> None:
    """From the keyboard alone: title, the new area in words as a person types them, Enter."""
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        page.get_by_role("button", name="New project").click()
        expect(page.get_by_test_id("new-project-title")).to_be_focused()
        page.keyboard.type("Border of hOc1")
        search = page.get_by_test_id("area-search")
        search.focus()
        page.keyboard.type("Fringe area of hOc1")
        expect(page.get_by_test_id("name-area")).to_contain_text("Fringe-area-of-hOc1")
        page.keyboard.press("Enter")
        page.get_by_test_id("new-project-title").press("Enter")
        page.get_by_test_id("project-page").wait_for()
        project = shared_product.api().get("/api/projects/border-of-hoc1")["project"]
        assert project["areas"] == ["Fringe-area-of-hOc1"]  # type: ignore[index]
        assert project["nomenclature"][0]["long_name"] == "Fringe area of hOc1"  # type: ignore[index]
