"""What the pages show of a model: its report, its doubt, its layers, its inside; and a global one that goes on from it."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect
from shapely import MultiPoint

from core.contracts.presets import PRESETS
from tests.e2e.browser import Desk, at_um, browser_page, log_in
from tests.e2e.conftest import Api, Product, await_result

PROJECT = "/api/projects/demo"
SECTION = 921
PLACE_UM = (4000.0, 4000.0)
JOB_S, JOB_MS = 240.0, 240_000


@pytest.fixture(scope="module")
def api(shared_product: Product) -> Api:
    return shared_product.api()


@pytest.fixture(scope="module")
def run(api: Api) -> dict[str, Any]:
    """The run of a task that has filled the one interval there is; the training is as short as one can be."""
    settings = PRESETS["tiny"].settings.model_copy(update={"batch_size": 1})
    body = {"key": uuid4().hex, "area": "hOc1", "pairs": [[901, 941]], "preset": "tiny"}
    answer = api.call("POST", f"{PROJECT}/tasks", json={**body, "settings": settings.model_dump(mode="json")})
    assert answer.status_code == 201, answer.text
    await_result(lambda: prediction(api) is not None, "the predictions", timeout_s=JOB_S)
    found: dict[str, Any] = answer.json()["runs"][0]
    return found


@pytest.fixture(scope="module")
def page(shared_product: Product, run: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all of them."""
    with browser_page(shared_product, tmp_path_factory.mktemp("screenshots")) as opened:
        log_in(opened, shared_product)
        yield opened


def prediction(api: Api) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = api.get(f"{PROJECT}/sections/{SECTION}/predictions")["predictions"]  # type: ignore[assignment]
    return found[0] if found else None


def open_at(page: Page, query: str = "") -> None:
    """The section by its address, until it is drawn."""
    page.goto(f"/p/demo/s/{SECTION}?{query}")
    page.locator(f"[data-testid=section-viewer][data-section='{SECTION}'][data-ready='true']").wait_for()


def slide(page: Page, **opacities: float) -> None:
    """Put the sliders of layers."""
    for layer, opacity in opacities.items():
        page.get_by_test_id(f"{layer}-opacity").fill(str(opacity))


def overlay(page: Page) -> str:
    """What is painted over the section, as a picture in an address."""
    return str(page.get_by_test_id("prediction-overlay").evaluate("canvas => canvas.toDataURL()"))


def await_loaded(picture: Locator) -> None:
    """The picture came and can be shown."""
    picture.wait_for()
    await_result(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the picture", timeout_s=30)


@pytest.mark.timeout(400)
def test_a_trained_model_shows_its_curves_its_score_kept_out_and_its_calibration(page: Page, run: dict[str, Any]) -> None:
    page.goto("/p/demo")
    page.locator(f"[data-testid=job][data-job='{run['train_job']}']").first.click()
    for curve in ("loss", "f1", "rate"):
        expect(page.get_by_test_id(f"{curve}-curve")).to_have_attribute("data-points", re.compile(r"[1-9]"))
    report = page.get_by_test_id("model-report")
    expect(report.get_by_test_id("validation-f1")).to_have_text(re.compile(r"0\.\d\d|1\.00"))
    expect(report.get_by_test_id("calibration-words")).to_contain_text("temperature")
    expect(report.get_by_test_id("reliability")).to_be_visible()


@pytest.mark.timeout(400)
def test_j_goes_to_the_most_doubtful_stretch_of_the_border(page: Page, api: Api) -> None:
    page.goto("/p/demo/review")
    page.get_by_test_id("review-queue").wait_for()
    open_at(page, "review=hOc1")
    found = prediction(api)
    assert found is not None
    expect(page.get_by_test_id("doubt-words")).to_contain_text(re.compile(r"\d+ % of it may be wrong"))
    page.get_by_test_id("border-words").wait_for()
    worst = max(found["border"], key=lambda stretch: stretch["doubt"])["points"]
    middle = [(min(side) + max(side)) / 2 for side in zip(*worst, strict=True)]
    page.keyboard.press("j")
    viewer = page.get_by_test_id("section-viewer")
    for name, place_um in zip(("data-centre-x-um", "data-centre-y-um"), middle, strict=True):
        await_result(lambda: abs(float(viewer.get_attribute(name) or "nan") - place_um) < 5.0, "the stretch", timeout_s=30)  # noqa: B023


@pytest.mark.timeout(400)
def test_probability_and_entropy_are_painted_over_the_section_when_asked_for(page: Page) -> None:
    open_at(page)
    expect(page.get_by_test_id("prediction-overlay")).to_have_attribute("data-predictions", "1")
    slide(page, prediction=0, border=0)
    nothing = overlay(page)
    painted = []
    for layer in ("probability", "entropy"):
        with page.expect_response(re.compile(rf"/predictions/\w+/{layer}$")) as answer:
            slide(page, **{layer: 1})
        assert answer.value.ok
        painted.append(await_result(lambda: seen if (seen := overlay(page)) != nothing else None, f"the {layer}", timeout_s=30))
        slide(page, **{layer: 0})
        await_result(lambda: overlay(page) == nothing, "the section alone", timeout_s=30)
    assert painted[0] != painted[1]


@pytest.mark.timeout(400)
def test_a_model_is_looked_into_where_the_section_is_clicked(page: Page, run: dict[str, Any]) -> None:
    page.goto("/p/demo")
    page.locator(f"[data-testid=job][data-job='{run['train_job']}']").first.click()
    page.get_by_test_id("look-inside").click()
    expect(page).to_have_url(re.compile(rf"/s/{SECTION}\?"))
    page.locator("[data-testid=section-viewer][data-ready='true']").wait_for()
    expect(page.get_by_test_id("inside-model")).to_contain_text("0901 and 0941")
    page.mouse.click(*at_um(page, *PLACE_UM))
    panel = page.locator("[data-testid=inside-panel][data-shown='true']")
    panel.wait_for(timeout=JOB_MS)
    expect(page.get_by_test_id("inside-place")).to_contain_text("x 4.0, y 4.0 mm")
    await_loaded(panel.locator("[data-input=low] img"))
    expect(panel.get_by_test_id("occlusion")).to_contain_text(re.compile(r"as trained: hOc1 \d+ %"))
    expect(panel.get_by_test_id("nothing-to-hide")).to_contain_text("nothing can be hidden")
    panel.get_by_test_id("inside-layer").select_option(label="Low resolution, block 2")
    sheet = panel.locator("[data-layer='low_encoder.blocks.1.1']")
    await_loaded(sheet)
    page.get_by_test_id("inside-mark").wait_for()
    expect(page).to_have_url(re.compile(r"inside=[0-9a-f]{32}"))
    page.reload()
    panel.wait_for()
    expect(page.get_by_test_id("inside-place")).to_contain_text("x 4.0, y 4.0 mm")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("inside-panel")).to_have_count(0)


@pytest.mark.timeout(400)
def test_the_wizard_starts_a_global_model_from_an_earlier_one(page: Page, api: Api, run: dict[str, Any]) -> None:
    open_at(page)
    page.get_by_test_id("open-wizard").click()
    page.get_by_test_id("method-global").check()
    page.get_by_test_id("preset-tiny").check()
    page.get_by_test_id("expert").locator("summary").click()
    page.get_by_test_id("start-model").select_option(run["train_job"])
    expect(page.get_by_test_id("train")).to_be_enabled()
    with page.expect_response(
        lambda answer: answer.url.endswith(f"{PROJECT}/tasks") and answer.request.method == "POST"
    ) as sent:
        page.get_by_test_id("train").click()
    task = sent.value.json()
    assert (sent.value.status, task["method"], task["start_job"]) == (201, "global", run["train_job"])
    [whole] = task["runs"]
    assert whole["sections"] == [901, 941]
    for job in (whole["train_job"], whole["predict_job"]):  # nothing waits for it
        assert api.call("POST", f"{PROJECT}/jobs/{job}/cancel").status_code == 200


@pytest.mark.timeout(400)
def test_a_section_after_the_other_is_reviewed_by_keys_alone(page: Page, api: Api) -> None:
    """The last of the file: it leaves verdicts and a section more that is annotated."""
    page.goto("/p/demo/review?area=hOc1")
    viewer = page.get_by_test_id("section-viewer")
    panel = page.get_by_test_id("review-panel")
    queue = page.get_by_test_id("review-item")
    expect(panel).to_have_attribute("data-verdict", "")
    todo = [item.get_attribute("data-number") or "" for item in queue.all()]  # the most doubtful first
    assert len(todo) == 3
    places = [page.get_by_test_id("accept").bounding_box()]
    expect(viewer).to_have_attribute("data-section", todo[0])
    for key in "auau":  # as quick as a hand that need not look
        page.keyboard.press(key)
    expect(viewer).to_have_attribute("data-section", todo[2])
    expect(queue).to_have_count(1)
    page.locator(f"[data-testid=film-frame][data-number='{todo[1]}']").click()
    expect(panel).to_have_attribute("data-verdict", "accepted")
    places.append(page.get_by_test_id("accept").bounding_box())
    page.keyboard.press("r")
    expect(page.get_by_test_id("reject-words")).to_be_focused()
    page.keyboard.press("2")
    expect(panel).to_have_attribute("data-verdict", "rejected")
    expect(page.get_by_test_id("verdict")).to_contain_text("misses a part")
    expect(queue).to_have_count(1)
    page.keyboard.press("u")
    expect(viewer).to_have_attribute("data-section", todo[2])
    expect(panel).to_have_attribute("data-verdict", "")
    page.keyboard.press("d")
    expect(page.get_by_test_id("difference")).to_contain_text("No annotation of hOc1 here")
    page.keyboard.press("c")
    expect(panel).to_have_attribute("data-verdict", "corrected")
    places.append(page.get_by_test_id("accept").bounding_box())
    assert places[0]
    assert places[1:] == places[:1] * 2  # the buttons stay under the pointer, whatever is told of a section
    expect(queue).to_have_count(0)
    expect(page.get_by_test_id("difference-overlay")).to_have_attribute("data-differences", "1")
    words = page.get_by_test_id("difference-words")  # a correction that nobody has changed yet: what was predicted
    expect(words).to_contain_text(
        re.compile(r"F1 (0\.9\d|1\.00).*agree \d+ %, \d+\.\d\d mm².*only prediction.*only annotation", re.DOTALL)
    )
    page.keyboard.press("d")
    expect(words).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(viewer).not_to_have_attribute("data-section", todo[2])
    page.keyboard.press("ArrowLeft")
    expect(viewer).to_have_attribute("data-section", todo[2])
    for key, annotated in (("Shift+ArrowLeft", "901"), ("Shift+ArrowRight", todo[2]), ("Shift+ArrowRight", "941")):
        page.keyboard.press(key)
        expect(viewer).to_have_attribute("data-section", annotated)
        expect(page.locator("[data-testid=film-frame][aria-current=true]")).to_have_attribute("data-number", annotated)
    parts_and_accepted_become_annotations(page, api, todo)


def parts_and_accepted_become_annotations(page: Page, api: Api, todo: list[str]) -> None:
    """What is drawn around is taken out of the correction and back into it; what was accepted is annotated in one go."""
    desk = Desk(page, api)
    [region] = desk.stored(int(todo[2]))
    left, top, right, bottom = MultiPoint([node[:2] for path in region["paths"] for node in path]).bounds
    middle = (left + right) / 2
    um_per_px = max(right - left, bottom - top) / 500
    page.goto(f"/p/demo/s/{todo[2]}?review=hOc1&view={middle:.0f},{(top + bottom) / 2:.0f},{um_per_px:.2f}")
    page.locator(f"[data-testid=section-viewer][data-section='{todo[2]}'][data-ready='true']").wait_for()
    around = [
        (left - 100, top - 100),
        (middle, top - 100),
        (middle, bottom + 100),
        (left - 100, bottom + 100),
        (left - 100, top),
    ]
    page.get_by_test_id("judge-part").click()
    page.keyboard.down("Shift")
    desk.drag(*around)
    page.keyboard.up("Shift")
    await_result(lambda: desk.stored(int(todo[2]))[0]["version"] == region["version"] + 1, "without its left half", 30)
    [half] = desk.stored(int(todo[2]))
    assert min(node[0] for path in half["paths"] for node in path) > left + (middle - left) / 2
    desk.drag(*around)
    await_result(lambda: desk.stored(int(todo[2]))[0]["version"] == region["version"] + 2, "with it again", 30)
    assert min(node[0] for path in desk.stored(int(todo[2]))[0]["paths"] for node in path) == pytest.approx(left, abs=1)

    assert desk.stored(int(todo[0])) == []
    page.get_by_test_id("annotate-accepted").click()
    expect(page.get_by_test_id("annotated-words")).to_contain_text("1 accepted section annotated")
    [made] = desk.stored(int(todo[0]))
    assert made["source"]["kind"] == "prediction"
