import json

import pytest

from core.formats.microdraw import read_microdraw, write_juelich, write_paris
from core.formats.shapes import FormatError, Frame
from core.geometry.polygons import area_um2, rings

FRAME = Frame(1.0, 10_000, 8_000)
SEGMENTS = [[100, 100], [200, 100], [200, 200], [100, 200]]


def path(segments: object = SEGMENTS, **fields: object) -> list:
    return ["Path", {"applyMatrix": True, "segments": segments, "closed": True, **fields}]


def compound(*rings_of: list, **fields: object) -> list:
    return ["CompoundPath", {"children": [path(ring) for ring in rings_of], **fields}]


def upload(item: object, name: object = "hOc1") -> list[dict]:
    return [{"annotation": {"path": item, "name": name}}]


@pytest.mark.parametrize(
    "document",
    [
        upload(path()),
        upload(json.dumps(path())),
        [{"annotation": json.dumps({"path": path(), "name": "hOc1"})}],
        {"Regions": [{"path": path(), "name": "hOc1", "uid": "1f"}], "RegionsToRemove": [], "Hash": "0"},
        {
            "action": "save",
            "source": "s",
            "slice": "7",
            "annotation": json.dumps({"Regions": [{"path": path(), "name": "hOc1"}]}),
        },
        [{"path": path(), "name": "hOc1"}],
        {"annotation": {"path": path(), "name": "hOc1"}},
        upload(["Group", {"children": [path()]}]),
        upload(["Path", {"segments": SEGMENTS, "closed": True, "applyMatrix": False, "matrix": [1, 0, 0, 1, 0, 0]}]),
    ],
)
def test_every_form_that_microdraw_knows_is_read(document: object) -> None:
    (shape,) = read_microdraw(document, FRAME).shapes
    assert (shape.kind, shape.name) == ("region", "hOc1")
    assert shape.paths == (((1000, 1000), (2000, 1000), (2000, 2000), (1000, 2000)),)


def test_what_the_juelich_browser_posts_is_read_as_pixels() -> None:
    region = {"annotations": {"path": {"path": path(), "name": "hOc1"}}, "annotation_hash": 5, "type": "cortical_region"}
    found = read_microdraw({"fileID": "B20_0047", "image_hash": "ab", "annotations": [region]}, FRAME)
    assert (found.format, found.coordinates) == ("microdraw-juelich", "pixels")
    assert (found.shapes[0].place, found.shapes[0].paths[0][0]) == ("B20_0047", (100, 100))


def test_the_likelier_coordinates_are_taken_and_the_choice_is_told_and_can_be_made() -> None:
    near, far = upload(path()), upload(path([[100, 100], [2000, 100], [200, 200]]))
    assert read_microdraw(near, FRAME).coordinates == "units"
    assert read_microdraw(far, FRAME).coordinates == "pixels"
    assert "full-resolution pixels" in read_microdraw(far, FRAME).words
    assert read_microdraw(near, FRAME, "pixels").shapes[0].paths[0][0] == (100, 100)
    assert read_microdraw(far, FRAME, "units").shapes[0].paths[0][0] == (1000, 1000)


def test_turned_and_moved_items_lie_where_they_are_drawn() -> None:
    quarter = [
        "Path",
        {"segments": [[[10, 0], [0, 1], [0, 2]], [20, 0], [20, 5]], "closed": True, "matrix": [0, 1, -1, 0, 3, 4]},
    ]
    (shape,) = read_microdraw(upload(quarter), FRAME, "pixels").shapes
    assert shape.paths[0] == ((3, 14, -1, 0, -2, 0), (3, 24), (-2, 24))


def test_children_fill_by_winding_unless_the_file_says_otherwise() -> None:
    outer, same, against = (
        [[0, 0], [100, 0], [100, 100], [0, 100]],
        [[10, 10], [20, 10], [20, 20], [10, 20]],
        [[10, 10], [10, 20], [20, 20], [20, 10]],
    )

    def size(item: list) -> float:
        return area_um2(rings(read_microdraw(upload(item), FRAME, "pixels").shapes[0].paths))

    assert size(compound(outer, against)) == 9_900
    assert size(compound(outer, same)) == 10_000
    assert size(compound(outer, same, fillRule="evenodd")) == 9_900


def test_a_closed_path_of_two_curved_nodes_encloses_what_it_did() -> None:
    lens = path([[[100, 0], [-50, 50], [50, 50]], [[200, 0], [50, -50], [-50, -50]]])
    (shape,) = read_microdraw(upload(lens), FRAME, "pixels").shapes
    assert len(shape.paths[0]) == 3
    assert area_um2(rings(shape.paths, 0.01)) > 1000


@pytest.mark.parametrize("write", [write_paris, write_juelich])
def test_fields_that_mean_nothing_here_come_back(write: object) -> None:
    style = {
        "fillColor": [0.1, 0.2, 0.3, 0.4],
        "strokeColor": [0, 0, 1],
        "strokeScaling": False,
        "strokeWidth": 3,
        "data": {"a": 1},
    }
    documents = write(read_microdraw(upload(path(**style)), FRAME).shapes, FRAME)  # type: ignore[operator]
    documents[0] |= {"_id": "6", "user": "anna", "project": "p", "Hash": "7", "fileID": "B20_0047"}
    documents[0]["annotation"]["comment"] = "kept"
    found = read_microdraw(documents, FRAME)
    assert write(found.shapes, FRAME) == documents  # type: ignore[operator]
    item = documents[0]["annotation"]["path"]
    assert style.items() <= (item["path"] if isinstance(item, dict) else item)[1].items()


def test_the_fingerprint_is_that_of_the_fork() -> None:
    shape = read_microdraw(upload(path()), FRAME).shapes
    first, again = write_juelich(shape, FRAME)[0], write_juelich(shape, FRAME)[0]
    assert first["annotation_hash"] == again["annotation_hash"]
    assert -(2**31) <= first["annotation_hash"] < 2**31  # type: ignore[operator]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (upload(["Raster", {}]), r"region 1 \(hOc1\): an item of Paper.js of the kind 'Raster'"),
        (upload({"x": 1}), "region 1 has no path"),
        (upload("[1, 2"), r"region 1 \(hOc1\): "),
        (upload("[NaN]"), r"region 1 \(hOc1\): NaN is no number"),
        (upload(path([[1, 2, 3, 4, 5]])), "a point needs x and y"),
        (upload(path([["a", 2]])), "expected a number, found str"),
        (upload(path([[1e300, 2]])), "metres away"),
        (upload(["Path", {"pathData": "M0 0"}]), "pathData"),
        (upload(["CompoundPath", {"children": [["CompoundPath", {}]]}]), "a child of a CompoundPath"),
        ([{"annotation": {"name": "hOc1"}}], "region 1 has no path"),
        ([*upload(path()), {"annotation": 7}], "region 2 is no region"),
        ([3], "region 1 is no region"),
    ],
)
def test_what_cannot_be_read_is_named(document: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_microdraw(document, FRAME)
