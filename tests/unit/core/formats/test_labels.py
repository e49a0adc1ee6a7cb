import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.formats import labels
from core.formats.labels import read_labels
from core.formats.shapes import FormatError, Frame
from core.geometry.polygons import area_um2, rings

FRAME = Frame(2.0, 400, 300)  # 800 x 600 µm
VALUES = np.zeros((30, 40), np.uint8)
VALUES[5:15, 10:30] = 3
VALUES[8:10, 12:14] = 0
VALUES[20:25, 0:5] = 7


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        png(VALUES),
        png(VALUES.astype(np.uint16)),
        tiff(VALUES),
        tiff(VALUES.astype(np.uint16), compression="zlib"),
        tiff(VALUES.astype(np.int32), compression="lzw"),
    ],
)
def test_every_value_is_a_region_over_the_whole_section(data: bytes) -> None:
    found = read_labels(data, FRAME)
    assert [one.name for one in found.shapes] == ["label 3", "label 7"]
    assert "20 µm a pixel" in found.words
    assert found.notes == ()
    assert [area_um2(rings(one.paths)) for one in found.shapes] == [(200 - 4) * 400, 25 * 400]
    assert found.shapes[1].paths == (((0, 400), (100, 400), (100, 500), (0, 500)),)


def test_of_a_coloured_picture_every_colour_is_a_region_named_by_it() -> None:
    pixels = np.full((30, 40, 3), 255, np.uint8)
    pixels[5:15, 10:30] = (255, 0, 0)
    pixels[20:25, 0:5] = (0, 128, 0)
    found = read_labels(png(pixels), FRAME)
    assert [(one.name, one.colour) for one in found.shapes] == [("#008000", "#008000"), ("#ff0000", "#ff0000")]
    clear = np.dstack([pixels, np.where((pixels == 255).all(axis=2), 0, 255).astype(np.uint8)])
    assert [one.paths for one in read_labels(png(clear), FRAME).shapes] == [one.paths for one in found.shapes]


def test_other_proportions_are_told() -> None:
    (note,) = read_labels(png(VALUES[:20]), FRAME).notes
    assert "other proportions" in note


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG" + bytes(50), "PNG cannot be read"),
        (png(VALUES)[:70], "PNG cannot be read"),
        (b"II*\0" + bytes(50), "TIFF cannot be read"),
        (tiff(VALUES.astype(np.float32)), "no whole numbers"),
        (tiff(np.zeros((2, 30, 40), np.uint8), photometric="minisblack", planarconfig="separate"), "dimensions"),
        (png(np.arange(1200, dtype=np.uint16).reshape(30, 40)), "1199 different values"),
        (tiff(np.full((30, 40), -1, np.int16)), "no whole numbers from 0"),
    ],
)
def test_what_is_no_label_image_is_named(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_labels(data, FRAME)


def test_large_and_ragged_images_are_refused_before_they_cost_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MOST_PIXELS", 1000)
    with pytest.raises(FormatError, match="40 × 30 pixels"):
        read_labels(png(VALUES), FRAME)
    monkeypatch.undo()
    noise = np.random.default_rng(1).integers(0, 2, (200, 200)).astype(np.uint8)
    monkeypatch.setattr(labels, "MOST_NODES", 100)
    with pytest.raises(FormatError, match="ragged as noise"):
        read_labels(png(noise), FRAME)
    monkeypatch.undo()
    with pytest.raises(FormatError, match="pieces and holes"):
        read_labels(png(noise), FRAME)
