from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.errors import UnreadableImageError
from core.imaging.source import open_source


def texture(width_px: int = 300, height_px: int = 1300) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height_px, width_px), np.uint8)


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_rows_are_the_image_whatever_is_asked_first(tmp_path: Path, suffix: str) -> None:
    path, pixels = tmp_path / f"a{suffix}", texture()
    Image.fromarray(pixels).save(path)
    with open_source(path, 1.0) as image:
        assert (image.width_px, image.height_px, image.pixel_size_um) == (300, 1300, 1.0)
        for first, count in ((0, 256), (256, 256), (1280, 20), (512, 256)):
            assert np.array_equal(image.read_rows(first, count), pixels[first : first + count])


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    pixels, exif = texture(40, 20), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    with open_source(tmp_path / "a.png", 1.0) as image:
        assert (image.width_px, image.height_px) == (20, 40)
        assert np.array_equal(image.read_rows(0, 40), np.rot90(pixels, -1))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_an_image_that_does_not_say_its_pixel_size_is_refused_with_the_option(tmp_path: Path, name: str) -> None:
    Image.fromarray(texture()).save(tmp_path / name)
    with (
        pytest.raises(UnreadableImageError, match=r"does not say its pixel size.*--pixel-size-um"),
        open_source(tmp_path / name),
    ):
        pass


def test_the_resolution_of_a_png_counts_where_it_is_no_printers(tmp_path: Path) -> None:
    Image.fromarray(texture()).save(tmp_path / "a.png", dpi=(12_700, 12_700))
    with open_source(tmp_path / "a.png") as image:
        assert image.pixel_size_um == pytest.approx(2.0, rel=1e-4)


def test_ome_and_aperio_pixel_sizes_are_read(tmp_path: Path) -> None:
    about = {"axes": "YX", "PhysicalSizeX": 250.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", texture(), metadata=about)
    tifffile.imwrite(tmp_path / "a.svs", texture(), description="Aperio Image Library v1\n300x1300|AppMag = 20|MPP = 0.4990")
    for name, size_um in (("a.ome.tif", 0.25), ("a.svs", 0.499)):
        with open_source(tmp_path / name) as image:
            assert image.pixel_size_um == pytest.approx(size_um)


def test_pixels_that_are_not_square_are_refused(tmp_path: Path) -> None:
    about = {"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 2.0}
    tifffile.imwrite(tmp_path / "a.ome.tif", texture(), metadata=about)
    with pytest.raises(UnreadableImageError, match="not square"), open_source(tmp_path / "a.ome.tif"):
        pass


def test_a_png_that_ends_early_is_told_when_its_rows_are_read(tmp_path: Path) -> None:
    Image.fromarray(texture()).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:20_000])
    with open_source(tmp_path / "a.png", 1.0) as image, pytest.raises(UnreadableImageError, match="cannot be read as PNG"):
        image.read_rows(0, 10)


def test_16_bit_png_stays_16_bit(tmp_path: Path) -> None:
    pixels = texture().astype(np.uint16) * 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with open_source(tmp_path / "a.png", 1.0) as image:
        assert image.bits_per_sample == 16
        assert np.array_equal(image.read_rows(100, 50), pixels[100:150])


def test_16_bit_tiff_stays_16_bit_and_brings_its_window(tmp_path: Path) -> None:
    pixels = texture().astype(np.uint16) * 200
    window = [(340, 3, 1, 500, True), (341, 3, 1, 40_000, True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels, extratags=window, metadata=None)
    with open_source(tmp_path / "a.tif", 1.0) as image:
        assert (image.bits_per_sample, image.window) == (16, (500, 40_000))
        assert np.array_equal(image.read_rows(100, 50), pixels[100:150])
