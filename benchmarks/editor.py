"""The section page under load, in headless Chromium: 300 regions of 2,000 points, and two rings of 20,000 points.

The product is started as `brodmann up --demo` does, on the tiny phantom; the regions are put there through the API. The web
interface must be built (`npm run build` in webui). Example: python -m benchmarks.editor --quick --json figures.json
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from benchmarks.editor_page import TRACED, install, longest_task_ms, tell
from benchmarks.figures import Figure, run
from tests.e2e.browser import at_um, browser_page, log_in, open_section, wait_saved
from tests.e2e.conftest import Api, start_product, stop_product

DENSE, BESIDE, LARGE = 921, 931, 911  # sections: with all regions, the one opened before it, with the two large rings
COLUMNS, ROWS, NODES, LARGE_NODES = 20, 15, 2_000, 20_000
PITCH_UM, RADIUS_UM, CORNER_UM = 330.0, 150.0, (1_000.0, 1_000.0)
LARGE_CENTRES_UM = ((3_400.0, 4_000.0), (4_600.0, 4_000.0))
LARGE_RADIUS_UM = 1_200.0
FAR, NEAR = "4150,3310,9", "4150,3310,1.5"  # views: all regions, about 10 of them at full detail
LEAST_EVENT_MS = 16.0  # the browser tells no shorter one

Um = tuple[float, float]


@dataclass(slots=True)
class Times:
    """What was measured, in order of measuring."""

    pan_fps: float = 0.0
    pan_frame_ms: float = 0.0
    pan_near_fps: float = 0.0
    pan_empty_fps: float = 0.0
    select_ms: list[float] = field(default_factory=list)
    drag_ms: list[float] = field(default_factory=list)
    boolean_s: list[float] = field(default_factory=list)
    block_ms: list[float] = field(default_factory=list)
    task_cpu_ms: float = 0.0
    idle_block_ms: list[float] = field(default_factory=list)
    open_s: list[float] = field(default_factory=list)
    cold_s: float = 0.0


def outline(centre: Um, radius_um: float, nodes: int, seed: int) -> NDArray[np.float64]:
    """A ring as drawn by hand: lobes, and a tremor of 1 µm. (nodes, 2), µm; no two sides cross."""
    random = np.random.default_rng(seed)
    angle = np.arange(nodes) * (2 * np.pi / nodes)
    lobes = sum(random.uniform(0, 0.04) * np.cos(k * angle + random.uniform(0, 6)) for k in (2, 3, 5, 9, 17))
    radius = radius_um * (1 + lobes) + random.normal(0, min(1.0, radius_um * np.pi / nodes), nodes)
    points: NDArray[np.float64] = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None] + centre
    return np.round(points, 2)


def centres() -> list[Um]:
    """Where the regions of the dense section are."""
    return [(CORNER_UM[0] + x * PITCH_UM, CORNER_UM[1] + y * PITCH_UM) for y in range(ROWS) for x in range(COLUMNS)]


def put(api: Api, section: int, rings: list[NDArray[np.float64]]) -> None:
    """The section has these regions and no others."""
    project = "/api/projects/demo"
    for region in api.get(f"{project}/sections/{section}/annotations")["annotations"]:  # type: ignore[attr-defined]
        api.call("DELETE", f"{project}/annotations/{region['uid']}", params={"version": region["version"]})
    for ring in rings:
        body = {"section": section, "area": "hOc1", "paths": [ring.tolist()], "version": 0}
        answer = api.call("PUT", f"{project}/annotations/{uuid4().hex}", json=body)
        assert answer.status_code in (200, 201), answer.text


@contextmanager
def desk(folder: Path) -> Iterator[Page]:
    """The page of somebody who is logged in, all regions being there."""
    product = start_product(folder / "data")
    try:
        api = product.api()
        put(api, DENSE, [outline(centre, RADIUS_UM, NODES, seed) for seed, centre in enumerate(centres())])
        put(api, BESIDE, [])
        put(api, LARGE, [outline(centre, LARGE_RADIUS_UM, LARGE_NODES, seed) for seed, centre in enumerate(LARGE_CENTRES_UM)])
        with browser_page(product, folder) as page:
            install(page)
            log_in(page, product)
            yield page
    finally:
        stop_product(product)


def go(page: Page, section: int, view: str) -> None:
    """The section's page, anew, with everything on screen."""
    page.goto(f"/p/demo/s/{section}?view={view}")
    page.locator(f"[data-testid=section-viewer][data-section='{section}'][data-ready='true']").wait_for()
    wait_saved(page)


def await_regions(page: Page, count: int) -> None:
    """Until the overlay has so many."""
    page.locator(f"[data-testid=region-overlay][data-regions='{count}']").wait_for()


def pan(page: Page, seconds: float) -> list[float]:
    """Milliseconds between frames that show another place, while the section is dragged to and fro."""
    x, y = at_um(page, CORNER_UM[0] + PITCH_UM / 2, CORNER_UM[1] + 7.5 * PITCH_UM)
    x, y = max(x, 400), max(y, 300)
    page.mouse.move(x, y)
    page.mouse.down()
    tell(page, "takeFrames")
    start = time.monotonic()
    while (gone := time.monotonic() - start) < seconds:
        page.mouse.move(x + 250 * np.sin(2.5 * gone), y + 120 * np.sin(1.7 * gone))
    frames = tell(page, "frames")
    page.mouse.up()
    moved = [frames[at][0] for at in range(1, len(frames)) if frames[at][1] != frames[at - 1][1]]
    return [float(step) for step in np.diff(moved)]


def measure_pan(page: Page, times: Times, seconds: float) -> None:
    """Far away with all regions; near; and far on a section without any, which is the most that browser and load allow."""
    steps_ms = {}
    for section, view, regions in ((DENSE, FAR, COLUMNS * ROWS), (DENSE, NEAR, COLUMNS * ROWS), (BESIDE, FAR, 0)):
        go(page, section, view)
        await_regions(page, regions)
        pan(page, 0.5)
        steps_ms[section, view] = pan(page, seconds)
    times.pan_fps, times.pan_near_fps, times.pan_empty_fps = (1000 * len(steps) / sum(steps) for steps in steps_ms.values())
    times.pan_frame_ms = float(np.percentile(steps_ms[DENSE, FAR], 95))


def measure_select(page: Page, times: Times, clicks: int) -> None:
    """Clicks on one region after another; the browser itself tells when the frame was on screen."""
    go(page, DENSE, FAR)
    await_regions(page, COLUMNS * ROWS)
    for centre in centres()[:: COLUMNS * ROWS // clicks]:
        place = at_um(page, *centre)
        page.mouse.move(*place)
        tell(page, "takeInputs")
        page.mouse.click(*place, delay=40)
        page.get_by_test_id("region-panel").wait_for()
        page.wait_for_timeout(150)
        told = [duration for name, duration in tell(page, "inputs")["slow"] if name in ("pointerup", "click")]
        times.select_ms.append(max(told, default=LEAST_EVENT_MS))


def measure_drag(page: Page, times: Times, drags: int) -> None:
    """A node of the selected region is taken along, all regions being on screen."""
    for at in (COLUMNS * 3 + 4 + 3 * number for number in range(drags)):
        centre, ring = centres()[at], outline(centres()[at], RADIUS_UM, NODES, at)
        page.mouse.click(*at_um(page, *centre))
        x, y = at_um(page, *(float(value) for value in ring[0]))
        page.mouse.move(x, y)
        page.mouse.down()
        tell(page, "takeInputs")
        for step in range(40):
            page.mouse.move(x + step / 2, y - step)
        page.wait_for_timeout(100)
        times.drag_ms += [one["ms"] for one in tell(page, "inputs")["all"] if one["kind"] == "pointermove"]
        page.mouse.up()
        wait_saved(page)


def measure_idle(page: Page, times: Times, rounds: int) -> None:
    """The longest block while somebody points and clicks on a section without regions: what browser and load alone make."""
    go(page, BESIDE, "4000,4000,8")
    await_regions(page, 0)
    for _ in range(rounds):
        tell(page, "takeBeats")
        for place in LARGE_CENTRES_UM:
            page.mouse.move(*at_um(page, *place))
            page.mouse.down()
            page.mouse.up()
            page.wait_for_timeout(500)
        times.idle_block_ms.append(tell(page, "longestBeat"))


def measure_boolean(page: Page, times: Times, rounds: int) -> None:
    """Union of the two rings: pointing at the other shows the outcome, a click does it, and it is saved."""
    go(page, LARGE, "4000,4000,8")
    await_regions(page, 2)
    selected, other = ((x + side * LARGE_RADIUS_UM / 2, y) for side, (x, y) in zip((-1, 1), LARGE_CENTRES_UM, strict=True))
    for _ in range(rounds):
        page.mouse.click(*at_um(page, *selected))
        page.keyboard.press("Shift+U")
        tell(page, "takeBeats")
        tell(page, "await", "document.querySelector('[data-testid=status-line]')?.textContent.includes('Click does it.')")
        page.mouse.move(*at_um(page, *other))
        seen_ms = tell(page, "shown")
        tell(page, "await", "look('region-overlay', 'data-regions') === '1'")
        page.mouse.down()
        page.mouse.up()
        done_ms = tell(page, "shown")
        wait_saved(page)
        times.boolean_s.append((seen_ms + done_ms) / 1000)
        times.block_ms.append(tell(page, "longestBeat"))
        page.keyboard.press("Escape")
        page.keyboard.press("Control+z")
        await_regions(page, 2)
        wait_saved(page)


def traced(page: Page, action: Callable[[], None]) -> float:
    """Processor time of the page's longest task meanwhile, in ms: what a block would last with no other load."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=TRACED)
    action()
    return longest_task_ms(browser.stop_tracing())


def measure_open(page: Page, times: Times, rounds: int) -> None:
    """From a click in the filmstrip to the frame with all regions and all tiles; and the page anew, as from a bookmark."""
    drawn = f"look('region-overlay', 'data-regions') === '{COLUMNS * ROWS}'"
    there = f"look('section-viewer', 'data-section') === '{DENSE}' && look('section-viewer', 'data-ready') === 'true'"
    for _ in range(rounds):
        go(page, BESIDE, FAR)
        await_regions(page, 0)
        tell(page, "await", f"{drawn} && {there}")
        page.locator(f"[data-testid=film-frame][data-number='{DENSE}']").click()
        times.open_s.append(tell(page, "shown") / 1000)
    start = time.monotonic()
    page.goto("about:blank")
    open_section(page, DENSE)
    await_regions(page, COLUMNS * ROWS)
    times.cold_s = time.monotonic() - start


def figures_of(times: Times, load: float) -> list[Figure]:
    """Latencies by their 95th percentile, what is done seldom by its median, blocks by the longest."""
    return [
        Figure("editor.pan_fps", times.pan_fps, "/s", 30, "at least"),
        Figure("editor.pan_near_fps", times.pan_near_fps, "/s", 30, "at least"),
        Figure("editor.pan_empty_fps", times.pan_empty_fps, "/s"),
        Figure("editor.pan_frame_p95_ms", times.pan_frame_ms, "ms"),
        Figure("editor.select_ms", float(np.percentile(times.select_ms, 95)), "ms", 50),
        Figure("editor.select_p50_ms", float(np.median(times.select_ms)), "ms"),
        Figure("editor.drag_ms", float(np.percentile(times.drag_ms, 95)), "ms", 50),
        Figure("editor.drag_p50_ms", float(np.median(times.drag_ms)), "ms"),
        Figure("editor.boolean_20k_s", float(np.median(times.boolean_s)), "s", 1),
        Figure("editor.boolean_block_ms", max(times.block_ms), "ms", 50),
        Figure("editor.boolean_block_p50_ms", float(np.median(times.block_ms)), "ms"),
        Figure("editor.boolean_task_cpu_ms", times.task_cpu_ms, "ms"),
        Figure("editor.idle_block_ms", max(times.idle_block_ms), "ms"),
        Figure("editor.open_s", float(np.median(times.open_s)), "s", 1.5),
        Figure("editor.open_anew_s", times.cold_s, "s"),
        Figure("editor.load", load, ""),
    ]


def measure(options: argparse.Namespace) -> list[Figure]:
    """One thing after the other on one page."""
    times = Times()
    rounds = 1 if options.quick else 5
    with tempfile.TemporaryDirectory() as folder, desk(Path(folder)) as page:
        measure_pan(page, times, seconds=1 if options.quick else 5)
        measure_select(page, times, clicks=5 if options.quick else 20)
        measure_drag(page, times, drags=rounds)
        measure_idle(page, times, rounds)
        measure_boolean(page, times, rounds)
        times.task_cpu_ms = traced(page, lambda: measure_boolean(page, Times(), 1))
        measure_open(page, times, rounds)
        return figures_of(times, os.getloadavg()[0])


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
