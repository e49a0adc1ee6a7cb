"""Written and read again, every format gives the same shapes: within 0.01 µm, with their curves where it can hold them."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.datasets import RasterGrid
from core.formats.geojson import write_geojson
from core.formats.labels import read_labels
from core.formats.masks import LabelMask, Legend, LegendEntry, mask_png, mask_tiff
from core.formats.microdraw import write_juelich, write_paris
from core.formats.recognise import read
from core.formats.shapes import Frame, Nodes, Shape, reverse
from core.formats.svg_writer import write_svg
from core.geometry.polygons import region, rings
from core.geometry.rasterise import rasterise

FRAMES = (Frame(1.0, 98_765, 81_234), Frame(0.5, 20_000, 33_333), Frame(16.0, 3_001, 2_000))
Writer = Callable[[list[Shape], Frame], bytes]
WRITERS: dict[str, Writer] = {
    "microdraw-paris": lambda shapes, frame: json.dumps(write_paris(shapes, frame, "12")).encode(),
    "microdraw-juelich": lambda shapes, frame: json.dumps(write_juelich(shapes, frame, "B20_0047")).encode(),
    "svg": lambda shapes, frame: write_svg(shapes, frame).encode(),
    "geojson": lambda shapes, frame: json.dumps(write_geojson(shapes, frame)).encode(),
}
CURVED = ("microdraw-paris", "microdraw-juelich", "svg")
NAMES = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Cf", "Co")), min_size=1, max_size=20)
COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
PLACES_UM = st.floats(500, 9_000, allow_subnormal=False).map(lambda value: round(value, 3))
REACHES_UM = st.floats(20, 400).map(lambda value: round(value, 3))


@st.composite
def stars(draw: st.DrawFn, curved: bool) -> Nodes:
    """A closed path that does not cross itself; of its nodes some are curved, as far as that stays so."""
    x, y, count = draw(PLACES_UM), draw(PLACES_UM), draw(st.integers(3, 12))
    nodes = []
    for index in range(count):
        angle, reach = 2 * np.pi * index / count, draw(REACHES_UM)
        along = np.array([-np.sin(angle), np.cos(angle)]) * reach / count
        corner = (x + reach * float(np.cos(angle)), y + reach * float(np.sin(angle)))
        bend = curved and draw(st.booleans())
        nodes.append((*corner, *map(float, -along), *map(float, along)) if bend else corner)
    return tuple(nodes)


@st.composite
def drawings(draw: st.DrawFn, curved: bool) -> list[Shape]:
    shapes = []
    for kind in draw(st.lists(st.sampled_from(["region", "line", "note"]), min_size=1, max_size=5)):
        name, colour = draw(NAMES), draw(COLOURS)
        path = draw(stars(curved))
        if kind == "note":
            shapes.append(Shape("note", name, ((path[0][:2],),), draw(NAMES), colour))
        elif kind == "line":
            shapes.append(Shape("line", name, (tuple(node[:2] for node in path),), colour=colour))
        else:
            shapes.append(Shape("region", name, (path, *([shrunk(path)] if draw(st.booleans()) else [])), colour=colour))
    return shapes


def shrunk(path: Nodes) -> Nodes:
    """A hole in the middle of a star: nearer to its centre than any of its points."""
    points = np.array([node[:2] for node in path])
    x, y = points.mean(axis=0)
    return ((x - 1.0, y - 1.0), (x + 1.0, y - 1.0), (x, y + 2.0))


def same_nodes(one: Nodes, other: Nodes) -> bool:
    """Within 0.01 µm, nodes and handles alike, in either direction."""
    return any(
        len(one) == len(turned)
        and all(len(a) == len(b) and np.allclose(a, b, rtol=0, atol=0.01) for a, b in zip(one, turned, strict=True))
        for turned in (other, reverse(other))
    )


@pytest.mark.parametrize("name", CURVED)
@settings(max_examples=25, deadline=None)
@given(drawings(curved=True), st.sampled_from(FRAMES))
def test_formats_with_curves_keep_every_node(name: str, shapes: list[Shape], frame: Frame) -> None:
    found = read("a", WRITERS[name](shapes, frame), frame)
    assert found.format == name
    assert not found.notes
    assert [(one.kind, one.name, one.text) for one in found.shapes] == [(one.kind, one.name, one.text) for one in shapes]
    for before, after in zip(shapes, found.shapes, strict=True):
        assert before.colour == after.colour
        assert len(before.paths) == len(after.paths)
        assert all(same_nodes(one, other) for one, other in zip(before.paths, after.paths, strict=True))


@settings(max_examples=25, deadline=None)
@given(drawings(curved=False), st.sampled_from(FRAMES))
def test_geojson_keeps_polygons_lines_and_points(shapes: list[Shape], frame: Frame) -> None:
    found = read("a", WRITERS["geojson"](shapes, frame), frame).shapes
    assert [(one.kind, one.name, one.text, one.colour) for one in found] == [
        (one.kind, one.name, one.text, one.colour) for one in shapes
    ]
    for before, after in zip(shapes, found, strict=True):
        assert distance_um(before, after) < 0.01


def distance_um(one: Shape, other: Shape) -> float:
    if one.kind == "region":
        return float(shapely.hausdorff_distance(*(shapely.boundary(region(rings(each.paths))) for each in (one, other))))
    return float(np.abs(np.subtract(one.paths[0], other.paths[0])).max())


@settings(max_examples=10, deadline=None)
@given(drawings(curved=True), st.sampled_from(FRAMES))
def test_geojson_follows_curves_within_a_tenth_of_a_pixel(shapes: list[Shape], frame: Frame) -> None:
    found = read("a", WRITERS["geojson"](shapes, frame), frame).shapes
    for before, after in zip(shapes, found, strict=True):
        if before.kind == "region":
            fine = shapely.boundary(region(rings(before.paths, 0.001)))
            assert shapely.hausdorff_distance(fine, shapely.boundary(region(rings(after.paths)))) < 0.11 * frame.pixel_size_um


@pytest.mark.parametrize("name", CURVED)
@settings(max_examples=8, deadline=None)
@given(drawings(curved=True))
def test_written_again_after_reading_a_file_is_the_same(name: str, shapes: list[Shape]) -> None:
    frame = FRAMES[0]
    once = WRITERS[name](list(read("a", WRITERS[name](shapes, frame), frame).shapes), frame)
    assert WRITERS[name](list(read("a", once, frame).shapes), frame) == once


@pytest.mark.parametrize("write", [mask_png, mask_tiff])
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**30), st.sampled_from([1.0, 0.7, 16.0]))
def test_label_images_give_back_every_pixel(write: Callable[[LabelMask], bytes], seed: int, pixel_size_um: float) -> None:
    grid = RasterGrid(pixel_size_um=pixel_size_um, width_px=13, height_px=9)
    labels = np.random.default_rng(seed).integers(0, 3, (9, 13)).astype(np.uint8)
    entries = (LegendEntry(value=1, area="hOc1", colour="#ff0000"), LegendEntry(value=2, area="hOc2", colour="#00ff00"))
    mask = LabelMask(labels, Legend(grid=grid, labels=entries))
    found = read_labels(write(mask), FRAMES[0]).shapes
    assert [(one.name, one.colour) for one in found] == [
        (entry.area, entry.colour) for entry in entries if (labels == entry.value).any()
    ]
    painted = np.zeros_like(labels)
    for shape in found:
        painted[filled(shape, grid)] = next(entry.value for entry in entries if entry.area == shape.name)
    assert np.array_equal(painted, labels)


def filled(shape: Shape, grid: RasterGrid) -> np.ndarray:
    return rasterise(rings(shape.paths), grid)
