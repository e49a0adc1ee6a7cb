"""Every way to store an image that is read, written by tifffile and compared with what tifffile reads."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from core.imaging.codecs import Coding, luminance_first
from core.imaging.pyramid import open_pyramid
from core.imaging.resampling import halve
from tests.unit.core.imaging.tifffile_peer import tifffile_samples

WIDTH_PX, HEIGHT_PX = 100, 75
LAYOUTS: dict[str, dict[str, Any]] = {
    "tiles": {"tile": (32, 48)},
    "strips": {"rowsperstrip": 13},
    "one strip": {"rowsperstrip": HEIGHT_PX},
}
CODECS: dict[str, dict[str, Any]] = {
    "none": {},
    "lzw": {"compression": "lzw"},
    "lzw, differences": {"compression": "lzw", "predictor": 2},
    "deflate": {"compression": "adobe_deflate"},
    "old deflate": {"compression": "deflate"},
    "deflate, differences": {"compression": "adobe_deflate", "predictor": 2},
    "packbits": {"compression": "packbits"},
    "zstd": {"compression": "zstd"},
    "zstd, differences": {"compression": "zstd", "predictor": 2},
    "lzma": {"compression": "lzma"},
    "jpeg 2000": {"compression": "jpeg2000"},
    "aperio 33003": {"compression": 33003},
    "aperio 33005": {"compression": 33005},
}
COLOURS: dict[str, dict[str, Any]] = {
    "gray": {"photometric": "minisblack"},
    "white is zero": {"photometric": "miniswhite"},
    "gray and alpha": {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": "contig"},
    "rgb": {"photometric": "rgb", "planarconfig": "contig"},
    "rgba": {"photometric": "rgb", "extrasamples": ["unassalpha"], "planarconfig": "contig"},
    "planar rgb": {"photometric": "rgb", "planarconfig": "separate"},
    "planar rgba": {"photometric": "rgb", "extrasamples": ["unassalpha"], "planarconfig": "separate"},
}
SAMPLES = {"gray": 1, "white is zero": 1, "gray and alpha": 2, "rgb": 3, "planar rgb": 3}


def picture(colour: str, dtype: str) -> np.ndarray:
    """Smooth with some noise, in the order of axes that tifffile wants."""
    samples = SAMPLES.get(colour, 4)
    y, x, s = np.mgrid[:HEIGHT_PX, :WIDTH_PX, :samples]
    noise = np.random.default_rng(3).integers(0, 9, (HEIGHT_PX, WIDTH_PX, samples))
    values = 100 + 60 * np.sin(x / 17 + s) + 40 * np.cos(y / 11 - s) + noise
    pixels = (values * (257 if dtype == "uint16" else 1)).astype(dtype)
    if samples == 1:
        return pixels[:, :, 0]
    return np.moveaxis(pixels, 2, 0) if colour.startswith("planar") else pixels


def assert_equal(path: Path) -> None:
    expected = tifffile_samples(path)
    with open_pyramid(path, 1.0) as image:
        assert image.bits_per_sample == 8 * expected.dtype.itemsize
        found = image.read_raw(0, 0, 0, image.width_px, image.height_px)
        part = image.read_raw(0, 21, 9, 50, 40)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)
    assert np.array_equal(part, expected[9:49, 21:71])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("codec", CODECS)
def test_samples_are_those_that_tifffile_reads(tmp_path: Path, codec: str, dtype: str) -> None:
    orders = "<>" if "jpeg" not in codec else "<"
    for colour, about in COLOURS.items():
        for layout, grid in LAYOUTS.items():
            for order in orders:
                path = tmp_path / f"{colour} {layout} {'MM' if order == '>' else 'II'}.tif"
                big = layout == "strips"
                options = CODECS[codec] | about | grid
                tifffile.imwrite(path, picture(colour, dtype), byteorder=order, bigtiff=big, metadata=None, **options)
                assert_equal(path)


@pytest.mark.parametrize("colour", ["gray", "rgb", "planar rgb", "ycbcr", "ycbcr subsampled"])
def test_jpeg_samples_are_those_that_tifffile_reads(tmp_path: Path, colour: str) -> None:
    about = COLOURS.get(colour, {"photometric": "ycbcr", "planarconfig": "contig"})
    pixels = picture("rgb" if "ycbcr" in colour else colour, "uint8")
    args = {"level": 90, "subsampling": "420" if "subsampled" in colour else "444"}
    if "ycbcr" in colour:
        args["outcolorspace"] = "ycbcr"
    for layout, grid in ({"tiles": {"tile": (32, 48)}, "strips": {"rowsperstrip": 16}}).items():
        tifffile.imwrite(
            tmp_path / f"{layout}.tif", pixels, compression="jpeg", compressionargs=args, metadata=None, **grid, **about
        )
        assert_equal(tmp_path / f"{layout}.tif")


def test_a_palette_gives_its_indices_as_samples_and_the_brightness_of_its_colours_as_gray(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 1 << 16, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", picture("gray", "uint8"), photometric="palette", colormap=colours, tile=(32, 32))
    assert_equal(tmp_path / "a.tif")
    shown = (colours >> 8)[:, picture("gray", "uint8")]
    gray = 0.299 * shown[0] + 0.587 * shown[1] + 0.114 * shown[2]
    with open_pyramid(tmp_path / "a.tif", 1.0) as image:
        assert np.abs(image.read(0, 0, 0, WIDTH_PX, HEIGHT_PX) - gray).max() <= 1


def test_the_gray_of_ycbcr_without_jpeg_is_its_first_sample(tmp_path: Path) -> None:
    pixels = picture("rgb", "uint8")
    options = {"photometric": "ycbcr", "planarconfig": "contig", "subsampling": (1, 1), "metadata": None}
    tifffile.imwrite(tmp_path / "plain.tif", pixels, **options)
    options = {"photometric": "rgb", "planarconfig": "contig", "metadata": None}
    tifffile.imwrite(tmp_path / "aperio.tif", pixels, compression=33003, tile=(32, 32), **options)
    for name in ("plain", "aperio"):
        with open_pyramid(tmp_path / f"{name}.tif", 1.0) as image:
            assert np.array_equal(image.read(0, 0, 0, WIDTH_PX, HEIGHT_PX), pixels[:, :, 0])


def test_only_subsampled_jpeg_2000_of_aperio_comes_as_rgb() -> None:
    coding = Coding(33003, 1, 2, 8, samples=3, planes=1, extra_samples=False, byte_order="<", jpeg_tables=None)
    stream = bytearray(imagecodecs.jpeg2k_encode(picture("rgb", "uint8"), level=90, codecformat="j2k"))
    assert luminance_first(coding, bytes(stream))
    sizes = stream.index(b"\x07\x01\x01" * 3)  # depth 8 and single steps, for each of three samples
    stream[sizes + 4] = 2
    assert not luminance_first(coding, bytes(stream))


def test_a_tile_that_is_left_out_is_white(tmp_path: Path) -> None:
    tiles = [np.full((32, 32), 7, np.uint8), None, None, np.full((32, 32), 9, np.uint8)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(iter(tiles), shape=(64, 64), dtype=np.uint8, tile=(32, 32), compression="zlib", photometric="minisblack")
    with open_pyramid(tmp_path / "a.tif", 1.0) as image:
        assert np.array_equal(image.read(0, 0, 0, 64, 64)[::32, ::32], [[7, 255], [255, 9]])
        assert np.array_equal(image.read_raw(0, 0, 0, 64, 64)[::32, ::32], [[7, 0], [0, 9]])


class TestSixteenBit:
    """8-bit gray of 16-bit images."""

    @staticmethod
    def write(path: Path, **options: Any) -> np.ndarray:
        pixels = np.linspace(1000, 5000, WIDTH_PX * HEIGHT_PX).reshape(HEIGHT_PX, WIDTH_PX).astype(np.uint16)
        tifffile.imwrite(path, pixels, **{"photometric": "minisblack", "metadata": None, "tile": (32, 32), **options})
        return pixels

    @staticmethod
    def shown(pixels: np.ndarray, black: int, white: int) -> np.ndarray:
        return np.floor(np.clip((pixels.astype(float) - black) / (white - black), 0, 1) * 255 + 0.5)

    def test_they_are_shown_from_the_smallest_to_the_largest_value_that_the_file_names(self, tmp_path: Path) -> None:
        pixels = self.write(tmp_path / "a.tif", extratags=[(340, 3, 1, 2000, True), (341, 3, 1, 4000, True)])
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert (image.bits_per_sample, image.black, image.white) == (16, 2000, 4000)
            assert np.array_equal(image.read(0, 0, 0, WIDTH_PX, HEIGHT_PX), self.shown(pixels, 2000, 4000))
            assert np.array_equal(image.read_gray(0, 0, 0, WIDTH_PX, HEIGHT_PX), pixels)

    def test_our_own_description_goes_first(self, tmp_path: Path) -> None:
        tags = [(340, 3, 1, 2000, True), (341, 3, 1, 4000, True)]
        self.write(tmp_path / "a.tif", extratags=tags, description='{"black": 10, "white": 60000}')
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert (image.black, image.white) == (10, 60000)

    @pytest.mark.parametrize("description", ['{"black": 9, "white": 9}', '{"black": -1, "white": 9}', '{"black": "0"}', "{"])
    def test_a_window_that_is_none_is_passed_over(self, tmp_path: Path, description: str) -> None:
        self.write(tmp_path / "a.tif", description=description)
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert (image.black, image.white) == (1003, 4996)

    def test_without_a_window_the_outermost_thousandths_are_black_and_white(self, tmp_path: Path) -> None:
        pixels = self.write(tmp_path / "a.tif")
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            window = image.black, image.white
            assert abs(np.array(window) - np.percentile(pixels, (0.1, 99.9))).max() < 2
            assert np.array_equal(image.read(0, 0, 0, WIDTH_PX, HEIGHT_PX), self.shown(pixels, *window))

    @pytest.mark.parametrize("layout", [{"tile": (256, 256)}, {"rowsperstrip": 6000}, {"rowsperstrip": 10}])
    def test_a_large_image_is_judged_by_places_spread_over_it(self, tmp_path: Path, layout: dict[str, Any]) -> None:
        pixels = np.tile(np.linspace(1000, 5000, 4500).astype(np.uint16)[:, np.newaxis], (1, 600))
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", compression="zlib", **layout)
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert abs(np.array((image.black, image.white)) - np.percentile(pixels, (0.1, 99.9))).max() < 10

    def test_white_is_zero_is_turned_round_before(self, tmp_path: Path) -> None:
        tags = [(340, 3, 1, 2000, True), (341, 3, 1, 4000, True)]
        pixels = self.write(tmp_path / "a.tif", photometric="miniswhite", extratags=tags)
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert (image.black, image.white) == (61535, 63535)
            assert np.array_equal(image.read(0, 0, 0, WIDTH_PX, HEIGHT_PX), self.shown(65535 - pixels, 61535, 63535))

    def test_an_image_of_one_gray_has_a_window_all_the_same(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", np.full((64, 64), 65535, np.uint16), photometric="minisblack")
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert (image.black, image.white) == (65534, 65535)

    def test_computed_levels_keep_the_depth(self, tmp_path: Path) -> None:
        pixels = np.random.default_rng(0).integers(0, 65535, (700, 900), np.uint16)
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", tile=(256, 256))
        with open_pyramid(tmp_path / "a.tif", 1.0) as image:
            assert np.array_equal(image.read_gray(2, 0, 0, 225, 175), halve(halve(pixels)))
            with pytest.raises(ValueError, match="not stored"):
                image.read_raw(2, 0, 0, 225, 175)


def test_twelve_bit_jpeg_is_read(tmp_path: Path) -> None:
    pixels = (picture("gray", "uint16") // 16).astype(np.uint16)
    tile = imagecodecs.jpeg8_encode(pixels[:64, :64], level=95, bitspersample=12)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(
            iter([tile]), shape=(64, 64), dtype=np.uint16, bitspersample=12, tile=(64, 64), compression="jpeg", photometric=1
        )
    assert_equal_whole(tmp_path / "a.tif")


def assert_equal_whole(path: Path) -> None:
    with open_pyramid(path, 1.0) as image:
        assert np.array_equal(image.read_raw(0, 0, 0, image.width_px, image.height_px), tifffile_samples(path))
