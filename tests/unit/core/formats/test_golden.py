"""A file of every dialect, written by hand from its description, is read as what it says."""

from pathlib import Path

import numpy as np
import pytest

from core.formats.recognise import read
from core.formats.shapes import Found, Frame
from core.geometry.polygons import area_um2, rings

FOLDER = Path(__file__).parents[3] / "data/formats"
FRAME = Frame(2.0, 50_000, 40_000)


def golden(name: str, frame: Frame = FRAME) -> Found:
    return read(name, (FOLDER / name).read_bytes(), frame)


def test_paris_counts_a_thousand_units_over_the_width() -> None:
    found = golden("microdraw-paris.json")
    assert (found.format, found.coordinates) == ("microdraw-paris", "units")
    assert found.words == "Microdraw (Paris): the image's width is 1000 units"
    assert [(one.kind, one.name) for one in found.shapes] == [
        ("region", "hOc1"),
        ("region", "hOc2"),
        ("line", "border"),
        ("note", "textAnnotation"),
    ]
    unit = 50_000 * 2.0 / 1000
    area, hole, line, note = found.shapes
    assert area.paths[0][0] == (100 * unit, 50 * unit, -10 * unit, 0, 10 * unit, 0)
    assert area.paths[0][1] == (200 * unit, 50 * unit)
    assert area.colour == "#336699"
    assert area_um2(rings(hole.paths)) == pytest.approx((100**2 - 40**2) * unit**2)
    assert line.paths == (((10 * unit, 10 * unit), (20 * unit, 30 * unit), (40 * unit, 35 * unit)),)
    assert line.colour == "#00ff00"
    assert (note.paths, note.text) == ((((500 * unit, 250 * unit),),), "artefact here")
    assert {one.place for one in found.shapes} == {"47"}
    assert found.notes == (
        "1 superseded version(s) were left out",
        "region 5 (hOc3) has too few points to enclose anything and was left out",
    )


def test_juelich_counts_pixels() -> None:
    found = golden("microdraw-juelich.json")
    assert (found.format, found.coordinates) == ("microdraw-juelich", "pixels")
    area, line = found.shapes
    assert (area.name, area.uid, area.place) == ("Area hOc1 (V1)", "5d5a9e0c1f4e8a0012ab34cd", "B20_0047")
    assert area.paths == (((20_000, 10_000), (40_000, 10_000, -1801, 0, 1801, 0), (40_000, 30_000.5)),)
    assert (line.kind, line.paths) == ("line", (((1000, 1200), (1400, 1600)),))


def test_qupath_0_2_writes_a_list_with_colours_as_integers() -> None:
    square, two = golden("qupath-0.2.geojson").shapes
    assert (square.name, square.colour, square.uid) == ("hOc1", "#c80000", "")
    assert square.paths == (((200, 400), (600, 400), (600, 800), (200, 800)),)
    assert (two.name, two.colour, len(two.paths)) == ("hOc2: left", "#00ff00", 3)


def test_qupath_0_3_writes_geometries_without_names() -> None:
    area, line = golden("qupath-0.3.geojson").shapes
    assert [(one.kind, one.name) for one in (area, line)] == [("region", ""), ("line", "")]


def test_qupath_0_6_writes_a_collection_with_ids_and_classes_of_several_names() -> None:
    area, line, note = golden("qupath-0.6.geojson").shapes
    assert (area.name, area.colour, area.uid) == ("hOc1", "#c80000", "3f0c5f63-51b2-4f2f-8f7e-9e4a4dbb0c11")
    assert (line.name, line.colour, line.paths) == ("border", "#010203", (((2, 4), (6, 9), (10, 12)),))
    assert (note.kind, note.text, note.paths) == ("note", "look here", (((14, 16),),))


def test_a_drawing_lies_over_the_image_by_its_view_box() -> None:
    found = golden("drawing.svg")
    assert [(one.kind, one.name) for one in found.shapes] == [
        ("region", "hOc1"),
        ("region", "hOc2"),
        ("region", "hOc3"),
        ("line", "border"),
        ("line", ""),
        ("region", "nucleus"),
        ("region", "window"),
        ("note", ""),
    ]
    assert found.notes == ()
    unit = 50 * 2.0
    first, second, curved, _, _, nucleus, window, note = found.shapes
    assert np.allclose(first.paths[0], np.array([(10, 20), (210, 20), (210, 120), (10, 120)]) * unit)
    assert (first.colour, second.colour, curved.colour) == ("#3366cc", "#ff0000", "#008000")
    assert curved.paths[0][0][4:] == pytest.approx((0, 50 * unit))
    assert curved.paths[0][2][2:4] == pytest.approx((0, -50 * unit))
    assert area_um2(rings(nucleus.paths, 0.1)) == pytest.approx(np.pi * 40 * 20 * unit**2, rel=1e-3)
    tall = np.array([node[:2] for node in nucleus.paths[0]])
    assert np.allclose(np.ptp(tall, axis=0), np.array([40, 80]) * unit)
    assert area_um2(rings(window.paths)) == pytest.approx(50 * 40 * unit**2)
    assert (note.text, note.paths) == ("doubtful here", (((50 * unit, 60 * unit),),))
