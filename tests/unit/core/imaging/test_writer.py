import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.imaging.pyramid import open_pyramid
from core.imaging.resampling import halve
from core.imaging.writer import PyramidOptions, level_sizes, write_pyramid


def smooth_image(width_px: int, height_px: int) -> np.ndarray:
    """Slow waves, which JPEG keeps nearly exactly."""
    y, x = np.mgrid[:height_px, :width_px]
    return np.round(127 + 60 * np.sin(x / 23) + 60 * np.cos(y / 31)).astype(np.uint8)


def write(path: Path, image: np.ndarray, **options: object) -> None:
    chosen = PyramidOptions(**{"pixel_size_um": 1.0, "jpeg_quality": 95, **options})
    write_pyramid(path, lambda first, count: image[first : first + count], image.shape[1], image.shape[0], chosen)


def test_levels_halve_and_round_up_until_one_tile_holds_the_image() -> None:
    assert level_sizes(1001, 300, 256) == [(1001, 300), (501, 150), (251, 75)]
    assert level_sizes(256, 256, 256) == [(256, 256)]


@pytest.mark.parametrize("size", [(700, 500), (513, 257), (256, 256), (1, 1), (300, 1), (1025, 31)])
def test_tifffile_reads_every_level_as_the_mean_of_the_one_before(tmp_path: Path, size: tuple[int, int]) -> None:
    image = smooth_image(*size)
    write(tmp_path / "a.tif", image)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.is_bigtiff
        assert [page.shape for page in tiff.pages] == [(h, w) for w, h in level_sizes(*size, 256)]
        expected = image
        for number, page in enumerate(tiff.pages):
            assert bool(page.subfiletype & 1) == (number > 0)
            assert np.abs(page.asarray().astype(int) - expected).max() <= 3
            expected = halve(expected)


def test_the_pixel_size_stands_in_the_resolution_tags_of_every_level_and_exactly_in_the_description(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", smooth_image(600, 300), pixel_size_um=0.3, description="synthetic µ")
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        about = json.loads(tiff.pages[0].description)
        assert about == {"pixel_size_um": 0.3, "description": "synthetic µ"}
        for level, page in enumerate(tiff.pages):
            count, per = page.tags["XResolution"].value
            assert page.tags["ResolutionUnit"].value == 3
            assert 10_000 * per / count == pytest.approx(0.3 * 2**level, rel=1e-6)


def test_strips_are_asked_from_the_top_and_never_higher_than_a_tile(tmp_path: Path) -> None:
    asked = []

    def read_rows(first: int, count: int) -> np.ndarray:
        asked.append((first, count))
        return np.zeros((count, 40), np.uint8)

    write_pyramid(tmp_path / "a.tif", read_rows, 40, 150, PyramidOptions(pixel_size_um=1.0, tile_size_px=64))
    assert asked == [(0, 64), (64, 64), (128, 22)]


def test_after_an_error_there_is_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")

    def read_rows(first: int, count: int) -> np.ndarray:
        if first:
            raise RuntimeError("the disk is gone")
        return np.zeros((count, 40), np.uint8)

    with pytest.raises(RuntimeError, match="disk is gone"):
        write_pyramid(path, read_rows, 40, 150, PyramidOptions(pixel_size_um=1.0, tile_size_px=64))
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("rows", [np.zeros((64, 39), np.uint8), np.zeros((64, 40), np.float64), np.zeros((63, 40), np.uint8)])
def test_a_strip_of_wrong_shape_or_type_is_refused(tmp_path: Path, rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rows 0 to 64"):
        write_pyramid(tmp_path / "a.tif", lambda first, count: rows, 40, 64, PyramidOptions(pixel_size_um=1.0, tile_size_px=64))


@pytest.mark.parametrize(
    "options",
    [{"pixel_size_um": 0.0}, {"pixel_size_um": float("nan")}, {"tile_size_px": 100}, {"tile_size_px": 0}, {"jpeg_quality": 0}],
)
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        PyramidOptions(**{"pixel_size_um": 1.0, **options})


class TestSixteenBit:
    """Gray of 16 bits is kept as it is."""

    @staticmethod
    def image(width_px: int = 700, height_px: int = 500) -> np.ndarray:
        return smooth_image(width_px, height_px).astype(np.uint16) * 200 + 1000

    def test_every_level_is_exactly_the_mean_of_the_one_before(self, tmp_path: Path) -> None:
        image = self.image()
        write(tmp_path / "a.tif", image, bits_per_sample=16)
        with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
            expected = image
            for page in tiff.pages:
                assert np.array_equal(page.asarray(), expected)
                expected = halve(expected)

    def test_our_reader_reads_it_back_with_its_window(self, tmp_path: Path) -> None:
        image = self.image()
        write(tmp_path / "a.tif", image, bits_per_sample=16, window=(2000, 50_000))
        with open_pyramid(tmp_path / "a.tif") as pyramid:
            assert (pyramid.bits_per_sample, pyramid.black, pyramid.white) == (16, 2000, 50_000)
            assert np.array_equal(pyramid.read_raw(0, 0, 0, 700, 500), image)

    def test_the_window_without_one_given_is_that_of_all_pixels(self, tmp_path: Path) -> None:
        image = self.image()
        write(tmp_path / "a.tif", image, bits_per_sample=16)
        with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
            window = tiff.pages[0].tags["SMinSampleValue"].value, tiff.pages[0].tags["SMaxSampleValue"].value
        assert np.abs(np.array(window) - np.percentile(image, (0.1, 99.9))).max() <= 200
        with open_pyramid(tmp_path / "a.tif") as pyramid:
            assert (pyramid.black, pyramid.white) == window

    def test_rows_of_another_depth_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="expected uint8"):
            write(tmp_path / "a.tif", self.image())
        with pytest.raises(ValueError, match="expected uint16"):
            write(tmp_path / "a.tif", smooth_image(10, 10), bits_per_sample=16)

    def test_a_window_that_is_none_is_refused(self) -> None:
        with pytest.raises(ValueError, match="window"):
            PyramidOptions(pixel_size_um=1.0, window=(5, 5))
