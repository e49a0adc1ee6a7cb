import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.datasets.files import DatasetError
from core.datasets.tissue import TISSUE_CLASSES, TISSUE_COLOURS, encode_tissue, encode_tissue_palette, read_tissue

GRID = RasterGrid(pixel_size_um=16.0, origin_um=(32.0, -16.5), width_px=5, height_px=4)
LABELS = (np.arange(20, dtype=np.uint8) % 3).reshape(4, 5)


def test_labels_and_their_place_come_back_exactly(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_tissue(LABELS, GRID))
    labels, grid = read_tissue(tmp_path / "a.png")
    assert np.array_equal(labels, LABELS)
    assert grid == GRID


def test_the_gray_value_is_the_class(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_tissue(LABELS, GRID))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), LABELS)


@pytest.mark.parametrize("labels", [LABELS + 1, LABELS.astype(np.int64), LABELS[:3]])
def test_what_is_no_tissue_raster_is_not_written(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"classes|expected"):
        encode_tissue(labels, GRID)


def test_a_picture_without_pixel_size_is_refused(tmp_path: Path) -> None:
    Image.fromarray(LABELS).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"a\.png: it does not say its pixel size"):
        read_tissue(tmp_path / "a.png")


def test_unknown_classes_and_colours_are_refused(tmp_path: Path) -> None:
    Image.fromarray(LABELS + 5).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match="unknown tissue class 7"):
        read_tissue(tmp_path / "a.png")
    Image.new("RGB", (5, 4)).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match="mode RGB"):
        read_tissue(tmp_path / "a.png")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_a_truncated_picture_is_refused(tmp_path: Path, part: float) -> None:
    data = encode_tissue(LABELS, GRID)
    (tmp_path / "a.png").write_bytes(data[: int(part * len(data))])
    with pytest.raises(DatasetError, match=r"a\.png"):
        read_tissue(tmp_path / "a.png")


def test_on_screen_each_class_has_its_colour_and_background_is_transparent() -> None:
    with Image.open(io.BytesIO(encode_tissue_palette(LABELS))) as image:
        assert image.mode == "P"
        pixels = np.asarray(image.convert("RGBA"))
    assert (pixels[LABELS == 0][:, 3] == 0).all()
    for number, name in enumerate(TISSUE_CLASSES[1:], 1):
        assert (pixels[number == LABELS] == (*TISSUE_COLOURS[name], 255)).all()


def test_other_values_have_no_colour() -> None:
    with pytest.raises(ValueError, match="classes are 0 to 2"):
        encode_tissue_palette(LABELS + 1)
