"""Label images with their legend as PNG or TIFF: pixel value = area, 0 = none.

Any program reads the numbers and shows the colours; the legend (areas, colours, pixel size, place in the section)
stands in the file itself and can be written beside it as JSON.
"""

import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from pydantic import Field, ValidationError, model_validator

from core.contracts.annotations import Outline
from core.contracts.base import Colour, Contract, Identifier
from core.contracts.datasets import Area, RasterGrid
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise

Labels = NDArray[np.uint8]

_LEGEND_CHUNK = "legend"
_UM_PER_INCH, _UM_PER_CM = 25_400.0, 10_000.0
_TOLERANCE_PX = 0.1
DAMAGE = (OSError, SyntaxError, LookupError, TypeError, ValueError, RuntimeError, zlib.error, Image.DecompressionBombError)


class MaskFileError(ValueError):
    """A file is no label image with a legend; the message says why."""


class LegendEntry(Contract):
    """What one pixel value means."""

    value: int = Field(ge=1, le=255)
    area: Identifier
    long_name: str = Field(default="", max_length=200)
    colour: Colour


class Legend(Contract):
    """What the pixel values mean and where the raster lies in the section frame."""

    grid: RasterGrid
    labels: tuple[LegendEntry, ...]

    @model_validator(mode="after")
    def _unique(self) -> "Legend":
        for found in ([entry.value for entry in self.labels], [entry.area for entry in self.labels]):
            if len(set(found)) < len(found):
                raise ValueError(f"values and areas of a legend must be unique, got {found}")
        return self

    def json_text(self) -> str:
        """The legend as a JSON document of ASCII characters."""
        return json.dumps(self.model_dump(mode="json"), indent=1)


@dataclass(frozen=True, slots=True)
class LabelMask:
    """Pixel values, uint8 (height, width), and their legend."""

    labels: Labels
    legend: Legend

    def __post_init__(self) -> None:
        grid = self.legend.grid
        if self.labels.dtype != np.uint8 or self.labels.shape != (grid.height_px, grid.width_px):
            found = f"{self.labels.dtype} {self.labels.shape}"
            raise ValueError(f"the legend is about uint8 {(grid.height_px, grid.width_px)}, the raster is {found}")

    def area(self, name: str) -> NDArray[np.bool_]:
        """The mask of one area; KeyError when the legend does not know it."""
        for entry in self.legend.labels:
            if entry.area == name:
                return np.asarray(self.labels == entry.value)
        raise KeyError(f"the legend has no area {name}")


def legend_of(areas: Sequence[Area], grid: RasterGrid) -> Legend:
    """Number areas from 1 in the order given; ValueError for more than 255."""
    if len(areas) > 255:
        raise ValueError(f"a label image holds at most 255 areas, got {len(areas)}")
    entries = [
        LegendEntry(value=value, area=area.name, long_name=area.long_name, colour=area.colour)
        for value, area in enumerate(areas, start=1)
    ]
    return Legend(grid=grid, labels=tuple(entries))


def paint(outlines: Sequence[Outline], legend: Legend) -> LabelMask:
    """Fill outlines into a label image; where outlines overlap, the later one counts. KeyError for an unknown area."""
    values = {entry.area: entry.value for entry in legend.labels}
    grid = legend.grid
    labels = np.zeros((grid.height_px, grid.width_px), np.uint8)
    for outline in outlines:
        if outline.area not in values:
            raise KeyError(f"the legend has no area {outline.area}")
        labels[rasterise(rings(outline.paths, _TOLERANCE_PX * grid.pixel_size_um), grid)] = values[outline.area]
    return LabelMask(labels, legend)


def mask_png(mask: LabelMask) -> bytes:
    """A PNG with palette; the legend is its text chunk `legend`."""
    about = PngImagePlugin.PngInfo()
    about.add_text(_LEGEND_CHUNK, mask.legend.json_text())
    image = Image.fromarray(mask.labels).convert("L")
    image.putpalette(_palette(mask.legend).astype(np.uint8).tobytes())
    per_inch = _UM_PER_INCH / mask.legend.grid.pixel_size_um
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=about, dpi=(per_inch, per_inch))
    return buffer.getvalue()


def mask_tiff(mask: LabelMask) -> bytes:
    """A deflated palette TIFF with pixel size; the legend is its image description."""
    per_cm = _UM_PER_CM / mask.legend.grid.pixel_size_um
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        mask.labels,
        photometric="palette",
        colormap=(_palette(mask.legend).T * 257).astype(np.uint16),
        compression="zlib",
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
        description=mask.legend.json_text(),
        metadata=None,
        software="Brodmann",
    )
    return buffer.getvalue()


def read_mask_png(data: bytes) -> LabelMask:
    """A label image that `mask_png` wrote; MaskFileError for anything else."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            text: dict[str, Any] = image.text if isinstance(image, PngImagePlugin.PngImageFile) else {}
            return _mask(np.asarray(image, np.uint8), text.get(_LEGEND_CHUNK, ""))
    except DAMAGE as error:
        raise _not_a_mask("PNG", error) from error


def read_mask_tiff(data: bytes) -> LabelMask:
    """A label image that `mask_tiff` wrote; MaskFileError for anything else."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            return _mask(np.asarray(tiff.asarray(key=0)), tiff.pages.first.description)
    except DAMAGE as error:
        raise _not_a_mask("TIFF", error) from error


def legend_in(text: str) -> Legend | None:
    """The legend in a file's text, None where there is none."""
    try:
        return Legend.model_validate_json(text)
    except ValidationError:
        return None


def _mask(labels: NDArray[Any], legend_text: str) -> LabelMask:
    mask = LabelMask(labels, Legend.model_validate_json(legend_text))
    unknown = set(np.unique(labels).tolist()) - {0, *(entry.value for entry in mask.legend.labels)}
    if unknown:
        raise ValueError(f"the legend does not know the values {sorted(unknown)}")
    return mask


def _not_a_mask(kind: str, error: BaseException) -> MaskFileError:
    if isinstance(error, ValidationError):
        return MaskFileError(f"the {kind} has no valid legend; use a mask that was exported here")
    return MaskFileError(f"not a {kind} mask with a legend: {error}")


def _palette(legend: Legend) -> NDArray[np.int64]:
    """(256, 3) colours 0 to 255; values without an area are black."""
    palette = np.zeros((256, 3), np.int64)
    for entry in legend.labels:
        palette[entry.value] = list(bytes.fromhex(entry.colour[1:]))
    return palette
