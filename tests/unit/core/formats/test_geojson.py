import json
import uuid

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from core.contracts.annotations import Outline
from core.contracts.datasets import RasterGrid
from core.formats.geojson import read_geojson, to_geojson, write_geojson
from core.formats.shapes import FormatError, Frame, Shape
from core.geometry.polygons import area_um2, region, rings
from core.geometry.rasterise import rasterise, trace

FRAME = Frame(1.0, 1000, 1000)
SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0))
HOLE = ((20.0, 20.0), (60.0, 20.0), (60.0, 60.0), (20.0, 60.0))
FAR = ((200.0, 0.0), (300.0, 0.0), (300.0, 50.0))
CURVED = ((50.0, 0.0, 0.0, -30.0, 0.0, 30.0), (0.0, 50.0, 30.0, 0.0, -30.0, 0.0), (-50.0, 0.0))


def outline(*paths: tuple, area: str = "hOc1") -> Outline:
    return Outline(area=area, paths=paths)


def read(document: object, pixel_size_um: float = 1.0) -> tuple[Shape, ...]:
    return read_geojson(document, Frame(pixel_size_um, 1000, 1000)).shapes


def reopened(outlines: list[Outline], pixel_size_um: float) -> list[Outline]:
    """Through text, as a file goes."""
    found = read(json.loads(json.dumps(to_geojson(outlines, pixel_size_um))), pixel_size_um)
    return [Outline(area=shape.name, paths=shape.paths) for shape in found]


def largest_distance_um(one: Outline, other: Outline) -> float:
    boundaries = [shapely.boundary(region(rings(each.paths, 0.01))) for each in (one, other)]
    return float(shapely.hausdorff_distance(*boundaries))


@pytest.mark.parametrize("paths", [(SQUARE,), (SQUARE, HOLE), (SQUARE, HOLE, FAR), (CURVED,)])
@pytest.mark.parametrize("pixel_size_um", [0.5, 1.0, 2.3])
def test_an_outline_comes_back_within_half_a_pixel(paths: tuple, pixel_size_um: float) -> None:
    before = outline(*paths)
    (after,) = reopened([before], pixel_size_um)
    assert after.area == "hOc1"
    assert largest_distance_um(before, after) < 0.5 * pixel_size_um
    assert area_um2(rings(after.paths)) == pytest.approx(area_um2(rings(before.paths, 0.01)), rel=0.01)


@settings(max_examples=40)
@given(st.integers(0, 2**30))
def test_the_mask_of_any_traced_outline_comes_back_exactly(seed: int) -> None:
    grid = RasterGrid(pixel_size_um=16.0, width_px=12, height_px=9)
    mask = np.random.default_rng(seed).random((9, 12)) < 0.6
    before = Outline.model_validate({"area": "hOc1", "paths": [ring.tolist() for ring in trace(mask, grid)]})
    (after,) = reopened([before], 1.0)
    assert np.array_equal(rasterise(rings(after.paths), grid), mask)


def test_coordinates_are_full_resolution_pixels_from_the_corner() -> None:
    (feature,) = to_geojson([outline(SQUARE)], 2.0)["features"]
    assert feature["geometry"]["type"] == "Polygon"
    (ring,) = feature["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert sorted(map(tuple, ring[:-1])) == [(0, 0), (0, 50), (50, 0), (50, 50)]


def test_holes_and_islands_become_what_geojson_knows() -> None:
    document = to_geojson([outline(SQUARE, HOLE), outline(SQUARE, HOLE, FAR, area="hOc2")], 1.0)
    kinds = [feature["geometry"]["type"] for feature in document["features"]]
    assert kinds == ["Polygon", "MultiPolygon"]
    assert len(document["features"][0]["geometry"]["coordinates"]) == 2
    for feature in document["features"]:
        assert shape(feature["geometry"]).is_valid


def test_crossing_paths_are_written_as_valid_polygons_of_the_same_area() -> None:
    bow_tie = ((0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0))
    (feature,) = to_geojson([outline(bow_tie)], 1.0)["features"]
    assert shape(feature["geometry"]).is_valid
    assert shape(feature["geometry"]).area == pytest.approx(5000)


def test_features_look_like_qupath_annotations() -> None:
    document = to_geojson([outline(SQUARE)], 1.0, {"hOc1": "#ff8000"})
    (feature,) = document["features"]
    assert document["type"] == "FeatureCollection"
    assert feature["type"] == "Feature"
    assert uuid.UUID(feature["id"])
    assert feature["properties"] == {
        "objectType": "annotation",
        "name": "hOc1",
        "classification": {"name": "hOc1", "color": [255, 128, 0]},
    }


def test_exporting_twice_gives_the_same_document() -> None:
    outlines = [outline(SQUARE), outline(FAR), outline(SQUARE, area="hOc2")]
    one, other = to_geojson(outlines, 1.0), to_geojson(outlines, 1.0)
    assert one == other
    assert len({feature["id"] for feature in one["features"]}) == 3


def test_what_encloses_nothing_makes_no_feature() -> None:
    assert to_geojson([outline(((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)))], 1.0)["features"] == []


def feature(geometry: object = None, **properties: object) -> dict:
    ring = [[0, 0], [10, 0], [10, 10], [0, 0]]
    return {"type": "Feature", "geometry": geometry or {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


@pytest.mark.parametrize(
    "properties",
    [
        {"classification": {"name": "hOc1", "colorRGB": -3670016}, "isLocked": False, "measurements": []},
        {"classification": {"names": ["hOc1", "left"]}, "objectType": "annotation"},
        {"name": "hOc1", "object_type": "annotation"},
        {"name": "drawn by hand", "classification": {"name": "hOc1"}},
    ],
)
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"features": [one]}])
def test_the_variants_that_qupath_wrote_over_time_are_read(properties: dict, wrap: object) -> None:
    (found,) = read(wrap(feature(**properties)), 2.0)
    assert (found.kind, found.name, found.paths) == ("region", "hOc1", (((0.0, 0.0), (20.0, 0.0), (20.0, 20.0)),))


RING = [[0, 0], [10, 0], [10, 10], [0, 0]]


@pytest.mark.parametrize(
    ("classification", "colour"),
    [
        ({"name": "hOc1", "colorRGB": -3670016}, "#c80000"),
        ({"name": "hOc1", "color": [200, 0, 1]}, "#c80001"),
        ({"name": "hOc1", "color": -3669758}, "#c80102"),
        ({"name": "hOc1"}, None),
        ({"name": "hOc1", "color": "red"}, None),
    ],
)
def test_a_class_has_its_colour_as_numbers_or_as_one_integer(classification: dict, colour: str | None) -> None:
    (found,) = read([feature(classification=classification)])
    assert found.colour == colour


def test_lines_points_and_collections_are_read() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    lines = {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3], [4, 4]]]}
    point = {"type": "Point", "coordinates": [5, 6]}
    several = {"type": "MultiPolygon", "coordinates": [[RING, [[2, 1], [3, 1], [3, 2]]], [[[20, 0], [30, 0], [30, 10]]]]}
    everything = {"type": "GeometryCollection", "geometries": [line, lines, point, several]}
    for document in (everything, [feature(everything)], [feature(part) for part in (line, lines, point, several)]):
        found = read(document)
        assert [shape.kind for shape in found] == ["line", "line", "line", "note", "region"]
        assert [len(path) for shape in found for path in shape.paths] == [2, 2, 3, 1, 3, 3, 3]


def test_a_feature_without_a_name_is_read_without_one() -> None:
    (found,) = read([feature()])
    assert found.name == ""


def test_fields_that_mean_nothing_here_come_back() -> None:
    plane = {"type": "Polygon", "coordinates": [RING], "plane": {"c": -1, "z": 3, "t": 0}, "isEllipse": True}
    known = feature(plane, name="hOc1", isLocked=True, measurements={"Area": 7}, classification={"name": "hOc1", "x": 1})
    known |= {"id": "0b1c37ce-90a5-4a7d-8dd6-8a1b9b1c8d7e", "foreign": [1]}
    document = read_geojson([known], FRAME)
    assert write_geojson(document.shapes, FRAME)["features"] == [
        known | {"properties": {"objectType": "annotation", **known["properties"]}}
    ]


def test_what_has_too_few_points_is_left_out_and_told() -> None:
    found = read_geojson([feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, name="hOc1")], FRAME)
    assert (found.shapes, found.notes) == ((), ("feature 1 (hOc1) has too few points and was left out",))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "no GeoJSON features"),
        ("text", "no GeoJSON features"),
        (None, "no GeoJSON features"),
        ([7], "feature 1 is no GeoJSON feature"),
        ([{"type": "Feature", "geometry": None}], "feature 1: it has no geometry"),
        ([feature({"type": "Circle", "coordinates": [0, 0]}, name="hOc1")], r"feature 1 \(hOc1\): it is a Circle"),
        ([feature({"type": "Polygon", "coordinates": [[[0], [1], [2]]]}, name="hOc1")], "a point needs x and y"),
        ([feature({"type": "Polygon", "coordinates": [[[0, 0], [1, "x"], [2, 2]]]})], "expected a number, found str"),
        ([feature({"type": "Polygon", "coordinates": [[[0, 0], [1, float("nan")], [2, 2]]]})], "not finite"),
        ([feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1e300], [2, 2]]]})], "metres away"),
        ([feature({"type": "Polygon", "coordinates": 5}, name="hOc1")], "expected a list, found int"),
        ([feature(name="hOc1"), feature({"type": "Point"}, name="x")], r"feature 2 \(x\)"),
    ],
)
def test_what_cannot_be_read_is_named(document: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(document)
