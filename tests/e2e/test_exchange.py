"""Files of Microdraw (both dialects) and of QuPath, dropped on a section: shown, then imported; checked on the server."""

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.datasets import BrainFolder
from core.formats.recognise import read
from core.formats.shapes import Frame
from tests.e2e.browser import browser_page, log_in, open_section
from tests.e2e.conftest import Api, Product, await_result

SECTION = 931
SQUARE_UM = [(3000.0, 3000.0), (5000.0, 3000.0), (5000.0, 5000.0), (3000.0, 5000.0)]

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], name))
  for (const type of ['dragover', 'drop'])
    window.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
}"""


def drop(page: Page, name: str, content: bytes) -> None:
    """As if a person had dragged the file onto the page."""
    page.evaluate(DROP, [name, base64.b64encode(content).decode()])
    page.get_by_test_id("import-found").wait_for()


def in_units(corners_um: list[tuple[float, float]], unit_um: float) -> list[list[float]]:
    return [[x / unit_um, y / unit_um] for x, y in corners_um]


def files(frame: Frame, name: str) -> dict[str, bytes]:
    """The same square in three dialects."""
    unit_um = frame.width_px * frame.pixel_size_um / 1000
    px = in_units(SQUARE_UM, frame.pixel_size_um)
    paris = {"annotation": {"path": ["Path", {"segments": in_units(SQUARE_UM, unit_um), "closed": True}], "name": name}}
    path = {"path": ["Path", {"segments": px, "closed": True}], "name": name}
    juelich = {"annotation": {"path": path}, "annotation_id": "5d5a", "image_hash": "8f", "fileID": f"TINY_0{SECTION}"}
    qupath = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[*px, px[0]]]},
        "properties": {"objectType": "annotation", "classification": {"name": name, "color": [1, 2, 3]}},
    }
    return {
        "a.json": json.dumps([paris]).encode(),
        "b.json": json.dumps([juelich]).encode(),
        "c.geojson": json.dumps({"type": "FeatureCollection", "features": [qupath]}).encode(),
    }


def regions(api: Api, section: int = SECTION) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/api/projects/demo/sections/{section}/annotations")["annotations"]  # type: ignore[assignment]
    return found


@pytest.mark.timeout(300)
def test_dropped_files_are_shown_imported_and_undone_and_a_series_after_a_reload(
    shared_product: Product, tmp_path: Path
) -> None:
    api = shared_product.api()
    section = BrainFolder(shared_product.data / "brains" / "TINY").brain.section(SECTION)
    brain = BrainFolder(shared_product.data / "brains" / "TINY").brain
    frame = Frame(brain.pixel_size_um, section.width_px, section.height_px)
    area = api.get("/api/projects/demo")["project"]["areas"][0]  # type: ignore[index]
    dropped = files(frame, f"Area {area} left")
    with browser_page(shared_product, tmp_path) as page:
        log_in(page, shared_product)
        open_section(page, SECTION)
        before = len(regions(api))
        for number, (name, content) in enumerate(dropped.items(), start=1):
            drop(page, name, content)
            expect(page.get_by_test_id("found-overlay")).to_have_attribute("data-shapes", "1")
            assert len(regions(api)) == before + number - 1  # nothing is stored yet
            expect(page.get_by_test_id(f"import-area-Area {area} left")).to_have_value(area)
            page.get_by_test_id("import-store").click()
            expect(page.get_by_test_id("import-word")).to_contain_text("1 shape imported.")
            expect(page.get_by_test_id("found-overlay")).to_have_attribute("data-shapes", "0")
            newest = regions(api)[-1]
            assert (newest["area"], newest["source"]["kind"]) == (area, "imported")
            assert np.allclose(newest["paths"][0], SQUARE_UM, atol=0.01)
        drop(page, "a.json", dropped["a.json"])
        page.get_by_test_id("import-coordinates").click()
        expect(page.get_by_test_id("import-coordinates")).to_have_text("Take as units")
        page.get_by_test_id("import-cancel").click()
        assert len(regions(api)) == before + 3
        page.keyboard.press("Control+z")
        await_result(lambda: len(regions(api)) == before + 2, "the import undone in one step", timeout_s=30)
        answer = api.call("GET", f"/api/projects/demo/export?format=juelich&section={SECTION}")
        assert len(read("a", answer.content, frame).shapes) == before + 2
        series(page, api, dropped["c.geojson"])


def series(page: Page, api: Api, content: bytes) -> None:
    """A zip dropped on the project's page, by the section numbers in its names; taken back as a whole."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in (911, 941):
            archive.writestr(f"TINY_0{number}.geojson", content)
        archive.writestr("TINY_0777.geojson", content)
    page.goto("/p/demo")
    page.get_by_test_id("project-page").wait_for()
    before = [len(regions(api, number)) for number in (911, 941)]
    drop(page, "series.zip", file.getvalue())
    expect(page.get_by_test_id("import-found")).to_contain_text("2 regions on 2 sections")
    expect(page.get_by_test_id("import-found")).to_contain_text("which section of TINY")
    page.get_by_test_id("import-store").click()
    expect(page.get_by_test_id("import-word")).to_contain_text("2 shapes imported.")
    assert [len(regions(api, number)) for number in (911, 941)] == [count + 1 for count in before]
    undo_and_redo(page, api, before)


def undo_and_redo(page: Page, api: Api, before: list[int]) -> None:
    """After a reload, on both sections but for the region that somebody changed since, which is told; then all again."""
    changed = regions(api, 941)[-1]
    body = {name: changed[name] for name in ("section", "area", "paths", "version")} | {"text": "looked at"}
    assert api.call("PUT", f"/api/projects/demo/annotations/{changed['uid']}", json=body).status_code == 200
    page.reload()
    line = page.get_by_test_id("stored-import").first
    expect(line).to_contain_text("2 regions on 2 sections")
    line.get_by_test_id("import-undo").click()
    expect(line.get_by_test_id("import-undone")).to_contain_text(
        f"1 deleted again, 1 kept: section 0941: {changed['area']} changed by"
    )
    assert [len(regions(api, number)) for number in (911, 941)] == [before[0], before[1] + 1]
    line.get_by_test_id("import-undo").click()
    expect(line.get_by_test_id("import-undone")).to_contain_text("1 restored.")
    assert [len(regions(api, number)) for number in (911, 941)] == [count + 1 for count in before]
