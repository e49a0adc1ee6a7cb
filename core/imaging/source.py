"""Images as they come from a scanner, whatever their format: size, pixel size, and rows of gray pixels of 8 or 16 bits."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from core.imaging.errors import UnreadableImageError
from core.imaging.pyramid import Pyramid, open_pyramid
from core.imaging.resampling import GrayImage
from core.imaging.writer import ReadRows

TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".svs", ".btf", ".tf8"})
PLAIN_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
# Rows are read in bands of this size, so that tiles and strips higher than the asked rows are not decoded again and again.
_BAND_BYTES = 64 << 20
_BAND_STEP_PX = 512
_SMALLEST_PIXEL_UM, _LARGEST_PIXEL_UM = 0.01, 80.0  # as for TIFF: beyond are the resolutions of screens and printers
_ORIENTATION, _QUARTER_TURNS = 0x0112, (5, 6, 7, 8)
_MODE_16 = "I;16"
_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", _MODE_16})


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An open image: gray rows on demand, uint8 or uint16; `window` is (black, white) of 16 bits where the file says so."""

    width_px: int
    height_px: int
    pixel_size_um: float
    read_rows: ReadRows
    bits_per_sample: Literal[8, 16] = 8
    window: tuple[int, int] | None = None


@contextmanager
def open_source(path: Path, pixel_size_um: float | None = None) -> Iterator[SourceImage]:
    """Open an image by its suffix; a pixel size given here replaces the file's own.

    UnreadableImageError names the file, the reason and the remedy, also while rows are read.
    """
    if path.suffix.lower() in PLAIN_SUFFIXES:
        with _open_plain(path, pixel_size_um) as source:
            yield source
        return
    with open_pyramid(path, pixel_size_um) as pyramid:
        size = pyramid.width_px, pyramid.height_px
        yield SourceImage(*size, pyramid.pixel_size_um, _Bands(pyramid), pyramid.bits_per_sample, pyramid.stored_window)


class _Bands:
    """Rows of a pyramid's full resolution, read ahead in bands; asked from the top."""

    def __init__(self, pyramid: Pyramid) -> None:
        self._pyramid = pyramid
        row_bytes = pyramid.width_px * pyramid.bits_per_sample // 8
        self._band_px = max(_BAND_STEP_PX, _BAND_BYTES // row_bytes // _BAND_STEP_PX * _BAND_STEP_PX)
        self._first_row = 0
        self._band: GrayImage = np.empty((0, pyramid.width_px), np.uint8)

    def __call__(self, first: int, count: int) -> GrayImage:
        if not self._first_row <= first <= first + count <= self._first_row + len(self._band):
            rows = min(max(self._band_px, count), self._pyramid.height_px - first)
            self._first_row = first
            self._band = self._pyramid.read_gray(0, 0, first, self._pyramid.width_px, rows)
        return self._band[first - self._first_row : first - self._first_row + count]


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # beyond twice that, Pillow refuses
        try:
            yield
        except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
            remedy = "Copy the file again from its source, or convert it into TIFF"
            raise UnreadableImageError(path, f"it cannot be read as PNG or JPEG ({error})", remedy) from error


@contextmanager
def _open_plain(path: Path, pixel_size_um: float | None) -> Iterator[SourceImage]:
    """A PNG or JPEG, upright as its EXIF says; decoded as a whole at the first row that is asked for."""
    with _plain_errors(path):
        image = Pillow.open(path, formats=["PNG", "JPEG"])
    with image:
        if image.mode not in _MODES:
            raise UnreadableImageError(path, f"its pixels are of the kind {image.mode}", "Convert it into 8-bit or 16-bit gray")
        size_um = pixel_size_um or _plain_pixel_size_um(path, image)
        with _plain_errors(path):  # without the question, Pillow would decode a PNG to find none
            orientation = image.getexif().get(_ORIENTATION, 1) if "exif" in image.info else 1
        width, height = image.size[::-1] if orientation in _QUARTER_TURNS else image.size
        rows = _WholeImage(path, image, turned=orientation != 1)
        yield SourceImage(width, height, size_um, rows, 16 if image.mode == _MODE_16 else 8)


class _WholeImage:
    """Rows of an image that is decoded once."""

    def __init__(self, path: Path, image: Pillow.Image, turned: bool) -> None:
        self._path, self._image, self._turned = path, image, turned
        self._pixels: GrayImage | None = None

    def __call__(self, first: int, count: int) -> GrayImage:
        if self._pixels is None:
            with _plain_errors(self._path):
                image = ImageOps.exif_transpose(self._image) if self._turned else self._image
                is_16 = image.mode == _MODE_16
                self._pixels = np.asarray(image, np.uint16) if is_16 else np.asarray(image.convert("L"), np.uint8)
        return self._pixels[first : first + count]


def _plain_pixel_size_um(path: Path, image: Pillow.Image) -> float:
    x_dpi, y_dpi = (float(value) for value in image.info.get("dpi", (0, 0)))
    size_um = 25_400 / x_dpi if x_dpi > 0 and abs(x_dpi - y_dpi) <= 0.01 * x_dpi else 0.0
    if not _SMALLEST_PIXEL_UM <= size_um <= _LARGEST_PIXEL_UM:
        raise UnreadableImageError(path, "it does not say its pixel size", "Give it with --pixel-size-um")
    return size_um
