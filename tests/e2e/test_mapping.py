"""The page of features, surface and areas: real pages, backend and fetching, before a compute service in memory.

One browser for all of them, in the order in which a person works.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.contracts.jobs import JobState, Progress
from tests.e2e.browser import IN_SPACE, browser_page, log_in
from tests.e2e.conftest import await_result
from tests.e2e.mapping_site import SECTIONS, MappingSite, mapping_site
from tests.fakes.mapping import classification_files, features_files, graph_files, midsurface_files
from tests.fakes.predictions import disc, prediction_files
from tests.integration.backend.api import P

AREAS = ("hOc1", "hOc2")
NO_SPACE = """
const before = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : before.call(this, kind, ...more)
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MappingSite]:
    with mapping_site(tmp_path_factory.mktemp("mapping")) as running:
        yield running


@pytest.fixture(scope="module")
def page(site: MappingSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(site, tmp_path_factory.mktemp("screenshots"), IN_SPACE) as opened:
        log_in(opened, site)
        yield opened


def board(page: Page) -> None:
    """The page by its address, until the jobs are there."""
    page.goto("/p/demo/mapping")
    page.locator("[data-testid=mapping-board][data-loaded=true]").wait_for()


def surface(page: Page) -> Locator:
    """The view of what the graph found, drawn."""
    view = page.get_by_test_id("graph-result").get_by_test_id("surface-view")
    expect(view).to_have_attribute("data-ready", "true")
    expect(view.get_by_test_id("surface-canvas")).to_have_attribute("data-drawn", re.compile("."))
    return view


def pixels(page: Page, left_half: bool) -> set[tuple[int, int, int]]:
    """The colours on one half of the canvas, as they are seen."""
    box = page.get_by_test_id("surface-canvas").bounding_box()
    assert box is not None
    half = box["width"] / 2
    clip = {"x": box["x"] + (0 if left_half else half), "y": box["y"] + 40, "width": half, "height": box["height"] - 80}
    with Image.open(io.BytesIO(page.screenshot(clip=clip))) as image:
        small = image.convert("RGB").resize((60, 60))
        return {tuple(value // 32 for value in pixel) for pixel in small.get_flattened_data()}  # type: ignore[misc]


def test_a_button_says_what_is_missing_before_it_can_be_pressed(page: Page, site: MappingSite) -> None:
    page.goto("/p/demo")
    page.get_by_test_id("open-mapping").click()
    page.locator("[data-testid=mapping-board][data-loaded=true]").wait_for()
    start = page.get_by_test_id("start-features")
    expect(start).to_be_disabled()
    expect(start.locator("xpath=..")).to_have_attribute("title", re.compile("at least two annotated areas"))
    site.annotate(*AREAS)
    expect(start).to_be_enabled()
    page.get_by_test_id("choose-hOc2").click()
    expect(start).to_be_disabled()
    page.get_by_test_id("choose-hOc2").click()


def test_features_are_learnt_watched_and_stopped(page: Page, site: MappingSite) -> None:
    page.get_by_test_id("start-features").click()
    job = page.get_by_test_id("mapping-job")
    report = await_result(lambda: site.newest("features"), "the job", 30)
    progress = Progress(at=datetime.now(UTC), phase="Learning", step=30, of=100, eta_s=140)
    site.backend.compute.set(report["key"], JobState.RUNNING, progress=progress)
    site.backend.monitor(1)
    expect(job.get_by_test_id("mapping-job-words")).to_contain_text("Learning: 30 %, 2 min left")
    job.get_by_text("Progress and log").click()
    expect(job.get_by_test_id("mapping-log")).to_contain_text("log of")
    job.get_by_test_id("stop-mapping").click()
    expect(job).to_have_attribute("data-state", "cancelled")
    page.get_by_test_id("start-features").click()
    expect(job).to_have_attribute("data-state", re.compile("created|submitted"))
    features = site.finish("features", features_files("SMALL", SECTIONS))
    expect(page.get_by_test_id("statistics")).to_contain_text("hOc2")
    page.get_by_test_id("start-classify_patches").click()
    site.finish("classify_patches", classification_files("SMALL", SECTIONS, features))
    expect(page.get_by_test_id("macro-f1")).to_contain_text("0.80")
    expect(page.get_by_test_id("confusion")).to_contain_text("hOc1 taken for hOc2: 4 of 20 (20 %)")
    expect(page.get_by_test_id("robustness")).to_contain_text("45 degrees")
    expect(page.get_by_test_id("groups")).to_contain_text("hOc2 100 %")


def test_the_pill_of_other_pages_tells_of_such_jobs_and_leads_to_their_page(page: Page) -> None:
    pill = page.get_by_test_id("job-pill")
    expect(pill).to_have_count(0)  # the page itself tells more
    page.goto("/p/demo")
    expect(pill).to_contain_text("Tell 2 areas apart by features · done")
    page.get_by_test_id("open-job").click()
    expect(page).to_have_url(re.compile("/p/demo/mapping$"))


def test_patches_that_look_alike_are_shown_side_by_side(page: Page) -> None:
    page.get_by_test_id("open-nearest").click()
    pieces = page.get_by_test_id("section-piece")
    expect(pieces).to_have_count(2)  # a patch, and the one that is nearest to it
    for piece in pieces.all():
        expect(piece).to_have_attribute("data-complete", "true")
    page.get_by_test_id("nearest-hOc2").click()
    expect(page.get_by_test_id("nearest")).to_contain_text("A patch of hOc2")


def test_a_patch_in_the_picture_opens_its_section_there(page: Page) -> None:
    scatter = page.get_by_test_id("scatter")
    expect(scatter).to_have_attribute("data-points", "40")
    scatter.scroll_into_view_if_needed()
    box = scatter.bounding_box()
    assert box is not None
    words = page.get_by_test_id("scatter-words")
    for step in range(4000):  # until a dot is met
        at = box["x"] + 10 + step % 60 * 6, box["y"] + 10 + step // 60 * 6
        page.mouse.move(*at)
        if "click opens it" in (words.text_content() or ""):
            break
    page.mouse.click(*at)
    expect(page).to_have_url(re.compile(r"/p/demo/s/961\?view=\d+,1500,8"))


def test_the_surface_is_told_in_words_and_shown(page: Page, site: MappingSite) -> None:
    board(page)
    page.get_by_test_id("start-midsurface").click()
    site.finish("midsurface", midsurface_files("SMALL", SECTIONS))
    expect(page.get_by_test_id("midsurface-words")).to_contain_text("closed like a sphere")
    page.get_by_test_id("show-midsurface").click()
    expect(page.get_by_test_id("surface-view")).to_have_attribute("data-ready", "true")
    board(page)


def test_annotation_and_prediction_stand_side_by_side_and_areas_hide(page: Page, site: MappingSite) -> None:
    page.get_by_test_id("start-graph").click()
    site.finish("graph", graph_files("SMALL", SECTIONS, levels=4) | prediction_files(921, disc()))
    view = surface(page)
    view.scroll_into_view_if_needed()
    both = pixels(page, left_half=True), pixels(page, left_half=False)
    assert both[0] != both[1]
    for area in AREAS:
        view.get_by_test_id(f"legend-{area}").click()
    await_result(lambda: pixels(page, left_half=False) != both[1], "the surface without areas", 30)
    colourful = [pixel for pixel in pixels(page, left_half=False) if max(pixel) - min(pixel) > 1]
    assert colourful == []
    for area in AREAS:
        view.get_by_test_id(f"legend-{area}").click()
    assert site.ada().read("/api/projects/demo/sections/921/predictions")["predictions"][0]["area"] == "hOc1"


def test_a_click_tells_what_is_there_and_opens_the_section(page: Page) -> None:
    view = surface(page)
    canvas = view.get_by_test_id("surface-canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.45})
    expect(view.get_by_test_id("picked")).to_contain_text(re.compile(r"hOc[12], \d+ %"))
    canvas.click(position={"x": 3, "y": box["height"] - 3})  # beside the surface
    expect(view.get_by_test_id("open-picked")).to_have_count(0)
    canvas.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.45})
    link = view.get_by_test_id("open-picked")
    number = re.sub(r"\D", "", link.text_content() or "")
    link.click()
    expect(page).to_have_url(re.compile(rf"/p/demo/s/{int(number)}\?view="))
    page.go_back()
    expect(surface(page)).to_be_in_viewport()  # where one was on the page, not at its top


def test_the_surface_turns_by_mouse_and_keys_and_is_cut_by_a_section(page: Page) -> None:
    board(page)
    view = surface(page)
    view.scroll_into_view_if_needed()
    canvas = view.get_by_test_id("surface-canvas")
    box = canvas.bounding_box()
    assert box is not None
    first = canvas.screenshot()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 160, steps=3)
    page.mouse.up()
    await_result(lambda: canvas.screenshot() != first, "another side of it", 30)
    canvas.focus()
    for key in ("ArrowLeft", "Shift+ArrowUp", "+", "-", "ArrowDown"):
        before = canvas.screenshot()
        page.keyboard.press(key)
        await_result(lambda: canvas.screenshot() != before, f"what {key} does", 30)  # noqa: B023
    view.get_by_test_id("cut").fill("2")
    expect(view.get_by_test_id("cut-words")).to_have_text("0921")
    expect(canvas).to_have_attribute("data-cut-nodes", re.compile(r"[1-9]\d+"))
    page.keyboard.press("0")


def test_what_cannot_be_started_is_told_beside_its_button(page: Page) -> None:
    page.get_by_text("What nodes know", exact=True).click()
    page.get_by_test_id("know-maps").check()
    page.get_by_test_id("start-graph").click()
    told = page.get_by_test_id("kind-graph").get_by_test_id("error")
    expect(told).to_contain_text("Run `brodmann atlas` with them")
    expect(told).to_be_in_viewport()
    page.get_by_test_id("know-maps").uncheck()


def test_the_result_of_the_next_job_takes_the_place_of_the_one_before_in_space(page: Page, site: MappingSite) -> None:
    page.get_by_test_id("start-graph").click()
    site.finish("graph", graph_files("SMALL", SECTIONS, levels=3))
    expect(page.get_by_test_id("graph-result")).to_contain_text("642 nodes")
    canvas = surface(page).get_by_test_id("surface-canvas")
    expect(canvas).to_be_visible()
    expect(page.get_by_test_id("no-space")).to_have_count(0)


def test_a_brain_of_another_project_tests_how_well_it_transfers(page: Page, site: MappingSite) -> None:
    ada = site.ada()
    other = {"id": "second", "title": "Second", "brain": "OTHER", "areas": list(AREAS)}
    assert ada.send("POST", "/api/projects", other).status_code == 201
    board(page)
    page.get_by_test_id("use-second").select_option("tests only")
    start = page.get_by_test_id("start-graph")
    expect(start).to_be_disabled()
    expect(start.locator("xpath=..")).to_have_attribute("title", re.compile("project “Second”"))
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        page.get_by_test_id("start-features").click()
    job = sent.value.json()
    assert (sent.value.status, job["brains"], job["parameters"]["transfer"]) == (201, ["SMALL", "OTHER"], ["OTHER"])
    assert ada.send("POST", f"{P}/mapping/{job['report']['key']}/cancel").status_code == 200


def test_without_webgl_the_page_says_so_and_tells_the_numbers(page: Page) -> None:
    plain = page.context.new_page()
    plain.add_init_script(NO_SPACE)
    board(plain)
    expect(plain.get_by_test_id("no-space")).to_contain_text("WebGL is off or not there")
    expect(plain.get_by_test_id("surface-areas")).to_contain_text("hOc1")
    plain.close()
