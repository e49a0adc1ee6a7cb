"""Label images of any program as regions: each pixel value, or each colour, is one region along its pixels' edges.

A mask with our legend says what its values mean and where it lies; any other is laid over the whole section. Writing is
`core.formats.masks`.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.formats.masks import DAMAGE as MASK_DAMAGE
from core.formats.masks import Legend, legend_in
from core.formats.shapes import MOST_NODES, FormatError, Found, Frame, Shape
from core.geometry.frames import Points
from core.geometry.polygons import to_paths
from core.geometry.rasterise import trace
from core.imaging.stored import DAMAGE

MOST_PIXELS = 32_000_000
MOST_LABELS = 255
MOST_RINGS = 1_000
Values = NDArray[np.uint32]
_COMPRESSIONS = {1: "none", 5: "LZW", 8: "deflate", 32946: "deflate", 32773: "packbits"}


@dataclass(frozen=True, slots=True)
class _Raster:
    """Values (height, width) with 0 for nothing, their colours, and the text that may be a legend."""

    values: Values
    colours: dict[int, str]
    by_colour: bool
    legend: str = ""


def read_labels(data: bytes, frame: Frame) -> Found:
    """The regions of a PNG or TIFF, one per label; FormatError for pictures that are no label image, or too large ones."""
    kind = "png" if data[:4] == b"\x89PNG" else "tiff"
    try:
        raster = _png(data) if kind == "png" else _tiff(data)
    except FormatError:
        raise
    except (*DAMAGE, *MASK_DAMAGE) as error:
        raise FormatError(f"the {kind.upper()} cannot be read ({str(error)[:120]}); save it again") from error
    values = [int(value) for value in np.unique(raster.values) if value]
    if len(values) > MOST_LABELS:
        raise FormatError(
            f"the image has {len(values)} different values, at most {MOST_LABELS} are labels; save it without smoothing, as PNG"
        )
    _check_noise(raster.values)
    legend = legend_in(raster.legend)
    grid, notes = _placed(raster.values, frame, legend)
    shapes = tuple(_shape(raster, value, grid, legend) for value in values)
    words = f"{'PNG' if kind == 'png' else 'TIFF'} label image, {grid.pixel_size_um:g} µm a pixel"
    return Found(f"labels-{kind}", words, shapes, tuple(notes))


def _png(data: bytes) -> _Raster:
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        _check_size(*image.size)
        legend = str(getattr(image, "text", {}).get("legend", ""))
        if image.mode == "P":
            palette = image.getpalette() or []
            colours = {index: _hex(palette[3 * index : 3 * index + 3]) for index in range(len(palette) // 3)}
            return _Raster(np.asarray(image).astype(np.uint32), colours, False, legend)
        if image.mode in ("1", "L", "I", "I;16", "I;16B", "LA"):
            return _Raster(_levels(np.asarray(image.getchannel(0) if image.mode == "LA" else image)), {}, False, legend)
        return _of_colours(np.asarray(image.convert("RGBA")))


def _tiff(data: bytes) -> _Raster:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages.first
        _check_size(page.imagewidth, page.imagelength)
        if page.compression not in _COMPRESSIONS:
            raise FormatError("the TIFF is compressed in a way that label images are not; save it as PNG or with deflate")
        samples = np.prod(page.shape, dtype=np.int64) if page.shape else 0
        if samples > 4 * MOST_PIXELS or page.dtype is None or page.dtype.kind not in "bui":
            raise FormatError("the TIFF holds no whole numbers of one layer; save the labels as 8 or 16 bit")
        pixels = np.asarray(page.asarray())
        if pixels.ndim == 3 and page.samplesperpixel in (3, 4) and pixels.shape[-1] == page.samplesperpixel:
            return _of_colours(pixels)
        if pixels.ndim != 2:
            raise FormatError(f"the TIFF has {pixels.ndim} dimensions {pixels.shape}, a label image has two; save one layer")
        return _Raster(_levels(pixels), {}, False, page.description)


def _levels(pixels: NDArray[Any]) -> Values:
    """Whole numbers as they are; FormatError for others."""
    if pixels.dtype.kind not in "bui" or pixels.dtype.itemsize > 4 or bool((pixels < 0).any()):
        raise FormatError("the image holds no whole numbers from 0; save the labels as 8 or 16 bit")
    return pixels.astype(np.uint32)


def _of_colours(pixels: NDArray[Any]) -> _Raster:
    """Each colour is a label; nothing is what is transparent, black, or without either the colour in the corner."""
    if pixels.dtype != np.uint8:
        raise FormatError("the picture has colours of more than 8 bit; save the labels as one channel")
    parts = pixels.astype(np.uint32)
    packed: Values = (parts[..., 0] * 65_536 + parts[..., 1] * 256 + parts[..., 2] + 1).astype(np.uint32)
    if parts.shape[2] == 4:
        packed[parts[..., 3] == 0] = 0
    nothing = 1 if (packed == 1).any() else int(packed[0, 0])
    if not (packed == 0).any() or nothing == 1:
        packed[packed == nothing] = 0
    colours = np.unique(packed)
    return _Raster(packed, {int(value): f"#{int(value) - 1:06x}" for value in colours[:1000] if value}, True)


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise FormatError(
            f"the image has {width} × {height} pixels, label images of up to {MOST_PIXELS // 1_000_000} million are read; "
            "scale it down without smoothing"
        )


def _check_noise(values: Values) -> None:
    """FormatError where outlines would have more corners than can be held."""
    edges = np.count_nonzero(values[:, 1:] != values[:, :-1]) + np.count_nonzero(values[1:] != values[:-1])
    if edges > MOST_NODES:
        raise FormatError("the image's labels are as ragged as noise; it is no label image, or smooth it first")


def _placed(values: Values, frame: Frame, legend: Legend | None) -> tuple[RasterGrid, list[str]]:
    height, width = values.shape
    if legend and (legend.grid.height_px, legend.grid.width_px) == (height, width):
        return legend.grid, []
    pixel_size_um = frame.width_px * frame.pixel_size_um / width
    notes = []
    # A reduced image may be a pixel short or long on either side.
    if abs(height * pixel_size_um - frame.height_px * frame.pixel_size_um) > 1.5 * pixel_size_um + 0.01 * frame.height_px:
        notes.append(
            f"the label image is {width} × {height}, the section {frame.width_px} × {frame.height_px} px: other proportions, "
            "so it may lie wrongly"
        )
    return RasterGrid(pixel_size_um=pixel_size_um, width_px=width, height_px=height), notes


def _shape(raster: _Raster, value: int, grid: RasterGrid, legend: Legend | None) -> Shape:
    entry = next((one for one in legend.labels if one.value == value), None) if legend else None
    colour = entry.colour if entry else raster.colours.get(value)
    name = entry.area if entry else (colour or "") if raster.by_colour else f"label {value}"
    paths = to_paths(_rings(raster.values == value, grid, name))
    return Shape("region", name, paths, colour=colour)


def _rings(mask: NDArray[np.bool_], grid: RasterGrid, name: str) -> list[Points]:
    """The rings of one label, traced where it is; FormatError for one in too many pieces."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    part = mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    size_um = grid.pixel_size_um
    cut = RasterGrid(
        pixel_size_um=size_um,
        origin_um=(grid.origin_um[0] + left * size_um, grid.origin_um[1] + top * size_um),
        width_px=part.shape[1],
        height_px=part.shape[0],
    )
    found = trace(part, cut)
    if len(found) > MOST_RINGS:
        raise FormatError(f"{name} has {len(found)} pieces and holes, at most {MOST_RINGS} are read; smooth the image first")
    return found


def _hex(parts: list[int]) -> str:
    return "#" + bytes(parts).hex()
