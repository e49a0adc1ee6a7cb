import gzip
import json
import zlib

import pytest

from core.formats import json_text, svg_tree
from core.formats.geojson import write_geojson
from core.formats.recognise import read
from core.formats.shapes import FormatError, Frame, Shape, by_even_odd, oriented
from core.geometry.polygons import area_um2, rings

FRAME = Frame(1.0, 10_000, 8_000)
SQUARE = ((100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0))
GEOJSON = json.dumps(write_geojson([Shape("region", "hOc1", (SQUARE,))], FRAME)).encode()


@pytest.mark.parametrize(
    "data", [GEOJSON, gzip.compress(GEOJSON), b"\xef\xbb\xbf" + GEOJSON, GEOJSON.decode().encode("utf-16")]
)
def test_packed_and_marked_files_are_read(data: bytes) -> None:
    found = read("a.geojson.gz", data, FRAME)
    assert (found.format, [one.name for one in found.shapes]) == ("geojson", ["hOc1"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no annotation file that is known"),
        (b"hello", "no annotation file that is known; Microdraw's JSON, QuPath's GeoJSON"),
        (b'{"a": 1}', "JSON, but no annotations that are known"),
        (b'[{"a": 1}]', "JSON, but no annotations that are known"),
        (b'[{"a": ', "line 1, column"),
        (b'[{"a": NaN}]', "NaN is no number"),
        (b"[" * 100_000, "nested too deeply|line 1"),
        (b'{"Regions":' + b"[" * 250 + b"]" * 250 + b"}", "nested too deeply"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "digits|export"),
        (b'["\xff"]', "byte 2 is no utf-8"),
        (gzip.compress(GEOJSON)[:-20], "cut off"),
        (b"\x1f\x8b" + bytes(20), "damaged"),
        (b'{"type": "FeatureCollection"}', "no GeoJSON features"),
    ],
)
def test_what_is_not_known_is_named_with_the_file(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=rf"^some file\.x: .*({words})"):
        read("some file.x", data, FRAME)


def test_a_file_without_shapes_says_so() -> None:
    assert read("a", b"[]", FRAME).notes == ("the file is of this format and holds no shapes",)
    assert read("a", b'{"type": "FeatureCollection", "features": []}', FRAME).notes


def test_too_much_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "MOST_LISTS", 3)
    with pytest.raises(FormatError, match=r"more than 3 times '\['"):
        read("a", b"[[],[],[]]", FRAME)
    monkeypatch.setattr(json_text, "LARGEST_BYTES", 100)
    with pytest.raises(FormatError, match="MB are read"):
        read("a", b"[" + b" " * 200 + b"]", FRAME)
    monkeypatch.setattr(svg_tree, "MOST_ELEMENTS", 3)
    with pytest.raises(FormatError, match="too many"):
        read("a", b"<svg><g/><g/><g/></svg>", FRAME)


def test_a_small_file_that_unpacks_to_too_much_is_refused() -> None:
    packing = zlib.compressobj(wbits=31)
    bomb = b"".join([*(packing.compress(b" " * (1 << 20)) for _ in range(65)), packing.flush()])
    with pytest.raises(FormatError, match="more than 64 MB"):
        read("a", bomb, FRAME)


def test_turned_rings_fill_alike_by_either_rule() -> None:
    hole = ((120.0, 120.0), (180.0, 120.0), (180.0, 180.0), (120.0, 180.0))
    island = ((140.0, 140.0), (140.0, 160.0), (160.0, 160.0), (160.0, 140.0))
    turned = oriented([SQUARE, hole, island])
    assert by_even_odd(turned) == turned
    assert area_um2(rings(turned)) == 10_000 - 3_600 + 400
    assert by_even_odd([SQUARE, hole]) == (SQUARE,)
