"""Tissue classes of a section as PNG: gray value = class; the raster's place stands in text chunks of the file."""

import io
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from core.contracts.datasets import RasterGrid
from core.datasets.files import DatasetError, MissingFileError

Labels = NDArray[np.uint8]

TISSUE_CLASSES = ("background", "white matter", "gray matter")
TISSUE_COLOURS = {"white matter": (0x7A, 0x9C, 0xC6), "gray matter": (0xC6, 0xA1, 0x5B)}
"""Red, green, blue on screen; background is transparent."""
_REMEDY = "compute the tissue classes of this section again"


def encode_tissue(labels: Labels, grid: RasterGrid) -> bytes:
    """PNG bytes of class numbers (height, width) 0 background, 1 white matter, 2 gray matter; ValueError otherwise."""
    _check(labels, (grid.height_px, grid.width_px))
    about = PngImagePlugin.PngInfo()
    about.add_text("pixel_size_um", repr(float(grid.pixel_size_um)))
    about.add_text("origin_um", " ".join(repr(float(part)) for part in grid.origin_um))
    about.add_text("classes", ", ".join(f"{value} {name}" for value, name in enumerate(TISSUE_CLASSES)))
    buffer = io.BytesIO()
    Image.fromarray(labels).save(buffer, "PNG", pnginfo=about)
    return buffer.getvalue()


def encode_tissue_palette(labels: Labels) -> bytes:
    """Palette PNG for the screen: background transparent, the classes in `TISSUE_COLOURS`; ValueError for other values."""
    _check(labels, labels.shape)
    image = Image.fromarray(labels)
    image.putpalette([0, 0, 0, *(part for name in TISSUE_CLASSES[1:] for part in TISSUE_COLOURS[name])])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0)
    return buffer.getvalue()


def _check(labels: Labels, shape: tuple[int, ...]) -> None:
    if labels.dtype != np.uint8 or labels.shape != shape or labels.ndim != 2:
        raise ValueError(f"expected uint8 {shape}, got {labels.dtype} {labels.shape}")
    if labels.size and labels.max() >= len(TISSUE_CLASSES):
        raise ValueError(f"tissue classes are 0 to {len(TISSUE_CLASSES) - 1}, got {labels.max()}")


def read_tissue(path: Path) -> tuple[Labels, RasterGrid]:
    """Class numbers and where they lie; DatasetError names the file and what is wrong with it."""
    if not path.is_file():
        raise MissingFileError(path, f"the tissue classes are missing; {_REMEDY}")
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode != "L":
                raise DatasetError(path, f"expected 8-bit gray, found mode {image.mode}; {_REMEDY}")
            labels = np.array(image, np.uint8)
            text = {**image.text} if isinstance(image, PngImagePlugin.PngImageFile) else {}
    except (OSError, SyntaxError, ValueError, zlib.error, Image.DecompressionBombError) as error:
        raise DatasetError(path, f"not a readable PNG ({error}); {_REMEDY}") from error
    if labels.max() >= len(TISSUE_CLASSES):
        raise DatasetError(path, f"unknown tissue class {labels.max()}; {_REMEDY}")
    return labels, _grid(path, text, labels)


def _grid(path: Path, text: dict[str, str], labels: Labels) -> RasterGrid:
    try:
        x_um, y_um = (float(part) for part in text.get("origin_um", "0 0").split())
        return RasterGrid(
            pixel_size_um=float(text["pixel_size_um"]),
            origin_um=(x_um, y_um),
            width_px=labels.shape[1],
            height_px=labels.shape[0],
        )
    except (KeyError, ValueError) as error:
        raise DatasetError(path, f"it does not say its pixel size ({error}); {_REMEDY}") from error
