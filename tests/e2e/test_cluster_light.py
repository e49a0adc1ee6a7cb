"""The light in the header says whether jobs can run, and where they cannot, why."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.browser import browser_page, log_in
from tests.e2e.conftest import Product, await_result


def test_a_broken_hop_is_told_in_words_and_its_end_too(shared_product: Product, tmp_path: Path) -> None:
    token = shared_product.data / "secrets" / "compute_token"
    true_token, api = token.read_text(), shared_product.api()
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        light = page.get_by_test_id("compute-light")
        expect(light).to_have_attribute("data-tone", "ready")
        try:
            token.write_text("a token that the compute service does not know")
            await_result(lambda: api.get("/api/health")["compute_hop"] == "token", "the health to be asked anew")
            light.click()
            expect(light).to_have_attribute("data-tone", "away")
            expect(page.get_by_test_id("compute-words")).to_contain_text("does not take our token")
            expect(light).to_have_attribute(
                "title",
                "The compute service does not take our token. Jobs wait, and nothing is lost. "
                "Whoever runs this installation finds out more with 'brodmann cluster check'.",
            )
        finally:
            token.write_text(true_token)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("compute-words")).to_be_hidden()
        expect(light).to_have_attribute("data-tone", "ready")  # asked again by itself
