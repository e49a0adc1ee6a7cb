import io
import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.contracts.annotations import Outline
from core.contracts.datasets import Area, RasterGrid
from core.formats.masks import (
    LabelMask,
    Legend,
    MaskFileError,
    legend_of,
    mask_png,
    mask_tiff,
    paint,
    read_mask_png,
    read_mask_tiff,
)
from core.geometry.polygons import bounds_um
from core.geometry.rasterise import trace

AREAS = (
    Area(name="hOc1", long_name="Área 17, V1", colour="#ff0000"),
    Area(name="hOc2", long_name="Area 18, V2", colour="#00ff80"),
)
GRID = RasterGrid(pixel_size_um=16.0, origin_um=(320.0, -16.5), width_px=40, height_px=30)
LEGEND = legend_of(AREAS, GRID)
FORMATS = [(mask_png, read_mask_png), (mask_tiff, read_mask_tiff)]


def square(left: float, top: float, side: float, area: str) -> Outline:
    return Outline(area=area, paths=(((left, top), (left + side, top), (left + side, top + side), (left, top + side)),))


@pytest.fixture
def mask() -> LabelMask:
    return paint([square(400, 100, 200, "hOc1"), square(500, 50, 100, "hOc2")], LEGEND)


@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_a_mask_comes_back_exactly_with_its_legend(mask: LabelMask, write: object, read: object) -> None:
    again = read(write(mask))
    assert np.array_equal(again.labels, mask.labels)
    assert again.legend == LEGEND


@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_the_outline_of_a_reopened_mask_is_within_half_a_pixel(mask: LabelMask, write: object, read: object) -> None:
    again = read(write(paint([square(403.3, 107.9, 201.0, "hOc1")], LEGEND)))
    found = bounds_um(trace(again.area("hOc1"), again.legend.grid))
    assert np.abs(np.array(found) - (403.3, 107.9, 604.3, 308.9)).max() <= 8.0


def test_areas_are_numbered_from_one_and_the_later_outline_counts(mask: LabelMask) -> None:
    assert [(entry.value, entry.area) for entry in LEGEND.labels] == [(1, "hOc1"), (2, "hOc2")]
    assert mask.area("hOc2").sum() * 16**2 == pytest.approx(100**2, rel=0.2)
    assert set(np.unique(mask.labels)) == {0, 1, 2}
    assert not (mask.area("hOc1") & mask.area("hOc2")).any()


def test_any_program_sees_numbers_and_colours(mask: LabelMask) -> None:
    png = Image.open(io.BytesIO(mask_png(mask)))
    assert png.mode == "P"
    assert np.array_equal(np.asarray(png), mask.labels)
    assert set(map(tuple, np.unique(np.asarray(png.convert("RGB")).reshape(-1, 3), axis=0))) == {
        (0, 0, 0),
        (0, 255, 128),
        (255, 0, 0),
    }
    with tifffile.TiffFile(io.BytesIO(mask_tiff(mask))) as tiff:
        assert np.array_equal(tiff.asarray(), mask.labels)
        assert tiff.pages.first.colormap[:, 1].tolist() == [65535, 0, 0]
        assert tiff.pages.first.tags["XResolution"].value[0] / tiff.pages.first.tags["XResolution"].value[1] == 625


def test_the_legend_is_json_with_units() -> None:
    document = json.loads(LEGEND.json_text())
    assert document["grid"]["pixel_size_um"] == 16.0
    assert document["labels"][0] == {"value": 1, "area": "hOc1", "long_name": "Área 17, V1", "colour": "#ff0000"}
    assert LEGEND.json_text().isascii()


def test_an_unknown_area_is_named(mask: LabelMask) -> None:
    with pytest.raises(KeyError, match="no area hOc3"):
        paint([square(0, 0, 10, "hOc3")], LEGEND)
    with pytest.raises(KeyError, match="no area hOc3"):
        mask.area("hOc3")


def test_more_areas_than_values_are_refused() -> None:
    many = [Area(name=f"a{number}", long_name="", colour="#000000") for number in range(256)]
    with pytest.raises(ValueError, match="at most 255"):
        legend_of(many, GRID)


def test_ambiguous_legends_are_refused() -> None:
    entry = LEGEND.labels[0]
    with pytest.raises(ValueError, match="unique"):
        Legend(grid=GRID, labels=(entry, entry.model_copy(update={"value": 2})))


@pytest.mark.parametrize("labels", [np.zeros((3, 3), np.uint8), np.zeros((30, 40), np.int32)])
def test_a_raster_that_does_not_fit_its_legend_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the raster is"):
        LabelMask(labels, LEGEND)


class TestForeignFiles:
    @pytest.mark.parametrize("read", [read_mask_png, read_mask_tiff])
    @pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"II*\0" + b"\xff" * 20])
    def test_what_is_no_picture(self, read: object, data: bytes) -> None:
        with pytest.raises(MaskFileError):
            read(data)

    @pytest.mark.parametrize(("write", "read"), FORMATS)
    def test_half_a_file(self, mask: LabelMask, write: object, read: object) -> None:
        data = write(mask)
        with pytest.raises(MaskFileError):
            read(data[: len(data) // 2])

    def test_a_picture_without_legend(self) -> None:
        png, tiff = io.BytesIO(), io.BytesIO()
        Image.new("L", (40, 30)).save(png, "PNG")
        tifffile.imwrite(tiff, np.zeros((30, 40), np.uint8))
        with pytest.raises(MaskFileError, match="PNG has no valid legend"):
            read_mask_png(png.getvalue())
        with pytest.raises(MaskFileError, match="TIFF has no valid legend"):
            read_mask_tiff(tiff.getvalue())

    def test_values_that_the_legend_does_not_know(self) -> None:
        data = mask_png(LabelMask(np.full((30, 40), 9, np.uint8), LEGEND))
        with pytest.raises(MaskFileError, match=r"does not know the values \[9\]"):
            read_mask_png(data)
