"""A whole brain's surface in the page of maps and surfaces, in headless Chromium: 1.5 million nodes with areas on them.

The surface is `benchmarks.whole_surface`'s, brought in by the real backend before a compute service in memory, and opened by
the real page, which must be built (`npm run build` in webui). Graphics are drawn by software (SwiftShader), on the same cores
as everything else: a graphics card draws many times as fast. A time ends when the graphics have finished.
Example: python -m benchmarks.surface_page --json benchmarks/results/surface_page.json
"""

import argparse
import colorsys
import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
from playwright.sync_api import FloatRect, Locator, Page, Position

from benchmarks.editor_page import TRACED, install, longest_task_ms, tell
from benchmarks.figures import Figure, run
from benchmarks.memory import sizes_mb, tree
from benchmarks.whole_surface import VOXEL_MM, graph_results, midsurface_results, whole_midsurface
from tests.e2e.browser import IN_SPACE, browser_page, log_in
from tests.e2e.mapping_site import MappingSite, mapping_site
from tests.integration.backend.api import P

BRAIN = "SMALL"
AREAS = tuple(f"A{number:02d}" for number in range(1, 41))
PATIENCE_MS = 120_000
# When the canvas has been drawn anew and its graphics have finished; the first since the last input, in ms.
SCRIPT = """
window.space = (() => {
  const canvas = () => document.querySelector('[data-testid=surface-canvas]')
  const finish = () => {
    canvas().getContext('webgl2').readPixels(0, 0, 1, 1, 6408, 5121, new Uint8Array(4)) // RGBA of a pixel, waits for all
    return performance.now()
  }
  const drawn = () => Number(canvas()?.dataset.drawn ?? 0)
  let first, count
  addEventListener('pointerdown', (event) => { first = event.timeStamp; count = drawn() }, { capture: true })
  return {
    finish, drawn,
    drawnSince: () => new Promise((tell) => {
      const look = () => (drawn() > count ? tell(finish() - first) : requestAnimationFrame(look))
      look()
    }),
  }
})()
"""


@dataclass(slots=True)
class Times:
    """What was measured, an entry a round."""

    sent_mb: list[float] = field(default_factory=list)
    picture_s: list[float] = field(default_factory=list)
    block_ms: list[float] = field(default_factory=list)
    task_cpu_ms: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    rotate_fps: list[float] = field(default_factory=list)
    rotate_block_ms: list[float] = field(default_factory=list)
    settle_s: list[float] = field(default_factory=list)
    pick_s: list[float] = field(default_factory=list)
    recolour_s: list[float] = field(default_factory=list)
    cut_s: list[float] = field(default_factory=list)


class Memory:
    """Of the browser's processes that draw pages and graphics, in MB, what they share counted once; watched by a thread."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.peak_mb = max(self.peak_mb, self.now_mb())

    @staticmethod
    def now_mb() -> float:
        """At this moment."""
        return sum(sizes_mb(pid)[1] for pid in tree(os.getpid()) if _draws(pid))


def _draws(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"--type=renderer" in words or b"--type=gpu-process" in words


def bring(site: MappingSite, folder: Path, voxel_mm: float) -> int:
    """Let a midsurface and a graph job have succeeded with the surface; how many nodes it has."""
    ada = site.ada()
    surface = whole_midsurface(BRAIN, voxel_mm)
    version = ada.read(P)["project"]["version"]
    areas = [{"name": name, "long_name": name, "colour": _colour(index)} for index, name in enumerate(AREAS)]
    assert ada.send("PUT", f"{P}/areas", {"areas": areas, "version": version}).status_code == 200
    site.annotate(*AREAS)
    asked: dict[str, object] = {"kind": "midsurface"}
    assert _started(site, asked)
    midsurface = site.finish("midsurface", midsurface_results(folder, surface))
    settings = {"features": ["coordinates"]}
    assert _started(site, {"kind": "graph", "areas": AREAS, "midsurface_jobs": [midsurface], "settings": settings})
    site.finish("graph", graph_results(folder, surface, AREAS))
    return surface.report.nodes


def _started(site: MappingSite, parameters: dict[str, object]) -> bool:
    answer = site.ada().send("POST", f"{P}/mapping", {"key": uuid4().hex, "parameters": parameters})
    return answer.status_code == 201


def _colour(index: int) -> str:
    turn = 0.618 * index % 1
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hsv_to_rgb(turn, 0.75, 0.9))


def look(page: Page, times: Times) -> Locator:
    """From a click in the project's page to the picture, its graphics finished."""
    page.goto("/p/demo")
    link = page.get_by_test_id("open-mapping")
    link.wait_for()
    tell(page, "takeBeats")
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=TRACED)
    started = time.monotonic()
    with page.expect_response(lambda answer: "/surfaces/" in answer.url) as sent:
        link.click()
    canvas = page.get_by_test_id("graph-result").locator("[data-testid=surface-canvas][data-drawn]")
    canvas.wait_for()
    times.block_ms.append(tell(page, "longestBeat"))
    page.evaluate("space.finish()")
    times.picture_s.append(time.monotonic() - started)
    times.task_cpu_ms.append(longest_task_ms(browser.stop_tracing()))
    times.sent_mb.append(sent.value.request.sizes()["responseBodySize"] / 1e6)
    canvas.scroll_into_view_if_needed()
    return canvas


def rotate(page: Page, times: Times, box: FloatRect, seconds: float) -> None:
    """Pictures a second while it is dragged to and fro; then how long until it stands in full detail again."""
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    _drag(page, x, y, 1.0)  # whatever is done once
    page.evaluate("space.finish()")
    tell(page, "takeBeats")
    before, start = page.evaluate("space.drawn()"), time.monotonic()
    _drag(page, x, y, seconds)
    drawn = page.evaluate("space.drawn()") - before
    times.rotate_block_ms.append(tell(page, "longestBeat"))
    page.evaluate("space.finish()")
    times.rotate_fps.append(drawn / (time.monotonic() - start))
    page.mouse.up()
    start = time.monotonic()
    page.locator("[data-testid=surface-canvas]:not([data-coarse=true])").wait_for()
    page.evaluate("space.finish()")
    times.settle_s.append(time.monotonic() - start)


def _drag(page: Page, x: float, y: float, seconds: float) -> None:
    start = time.monotonic()
    while (gone := time.monotonic() - start) < seconds:
        page.mouse.move(x + 120 * math.sin(2.5 * gone), y + 40 * math.sin(1.7 * gone))


def pick(page: Page, times: Times, box: FloatRect) -> None:
    """A click on the surface tells what is there."""
    view = page.get_by_test_id("graph-result").get_by_test_id("surface-view")
    for right, down in ((0.70, 0.45), (0.75, 0.55), (0.78, 0.50)):
        place = box["x"] + box["width"] * right, box["y"] + box["height"] * down
        before = json.dumps(view.get_attribute("data-node"))
        condition = f"look('graph-result] [data-testid=surface-view', 'data-node') !== {before}"
        page.mouse.move(*place)
        tell(page, "await", condition)
        page.mouse.down()
        page.mouse.up()
        times.pick_s.append(tell(page, "shown") / 1000)
        page.evaluate("space.finish()")


def press(page: Page, at: Locator, position: Position | None = None) -> float:
    """From a press to the picture that it makes, in s."""
    at.scroll_into_view_if_needed()
    at.click(position=position)
    return float(page.evaluate("space.drawnSince()")) / 1000


def measure_round(page: Page, times: Times, seconds: float) -> None:
    """One thing after the other, the page opened anew."""
    with Memory() as memory:
        canvas = look(page, times)
        box = canvas.bounding_box()
        assert box is not None
        rotate(page, times, box, seconds)
        pick(page, times, box)
        view = page.get_by_test_id("graph-result")
        for name in ("legend-A01", "fade", "fade", "legend-A01"):
            times.recolour_s.append(press(page, view.get_by_test_id(name)))
        slider = view.get_by_test_id("cut")
        for along in (80, 120):
            times.cut_s.append(press(page, slider, {"x": along, "y": 8}))
        page.wait_for_timeout(1000)
        times.memory_mb.append(memory.now_mb())
        times.peak_mb.append(memory.peak_mb)


def figures_of(times: Times, nodes: int, stored_mb: float) -> list[Figure]:
    """Medians over rounds and places."""

    def middle(name: str, values: Sequence[float], unit: str) -> Figure:
        return Figure(f"surface_page.{name}", float(np.median(values)), unit)

    return [
        Figure("surface_page.nodes", nodes, ""),
        Figure("surface_page.stored_mb", stored_mb, "MB"),
        middle("sent_mb", times.sent_mb, "MB"),
        middle("picture_s", times.picture_s, "s"),
        middle("open_block_ms", times.block_ms, "ms"),
        middle("open_task_cpu_ms", times.task_cpu_ms, "ms"),
        middle("rotate_fps", times.rotate_fps, "/s"),
        middle("rotate_block_ms", times.rotate_block_ms, "ms"),
        middle("settle_s", times.settle_s, "s"),
        middle("pick_s", times.pick_s, "s"),
        middle("recolour_s", times.recolour_s, "s"),
        middle("cut_s", times.cut_s, "s"),
        middle("memory_mb", times.memory_mb, "MB"),
        middle("memory_peak_mb", times.peak_mb, "MB"),
        Figure("surface_page.load", os.getloadavg()[0], ""),
    ]


def measure(options: argparse.Namespace) -> list[Figure]:
    """Every round in a browser of its own."""
    times = Times()
    # A page that listens for changes may touch the folder once more while it is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, mapping_site(Path(name)) as site:
        folder = Path(name)
        nodes = bring(site, folder, 3 * VOXEL_MM if options.quick else VOXEL_MM)
        stored = (folder / "surfaces" / f"{BRAIN}.safetensors").stat().st_size / 1e6
        for number in range(1 if options.quick else 3):
            pictures = options.pictures or folder / "screenshots"
            with browser_page(site, pictures / str(number), IN_SPACE) as page:
                page.set_default_timeout(PATIENCE_MS)
                install(page)
                page.add_init_script(SCRIPT)
                log_in(page, site)
                measure_round(page, times, seconds=2 if options.quick else 6)
    return figures_of(times, nodes, stored)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="folder for what the page looked like at the end of each round")
    run(measure, parser)
