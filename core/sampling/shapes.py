"""Shape as an input of a network: for each area a map of the signed distance to its outline, beside the low-resolution image.

On sections between training sections it is the distance to the interpolated outline. On a training section that would be the
annotated outline itself, which the network would copy. So there the map is made as wrong as interpolation is:

    d(own) + t (d(other) − d(own)),  t = ± √(f (1 − f)),  f drawn evenly from 0..1

d(other) is the distance to the nearest other training section's outline, carried over by the alignment: what an outline
changes by over the whole interval. Interpolation between both ends errs by a part of that, as a random walk held at both ends
spreads: √(f (1 − f)) of what it would be spread after the whole way. Measured in docs/reference/quality.md.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.anatomy.chain import transform_between
from core.anatomy.shape_between import NoShapeError, Placed, interpolated_distance
from core.contracts.datasets import Alignment, RasterGrid
from core.geometry.affine import apply
from core.geometry.interpolation import signed_distance_px
from core.geometry.rasterise import rasterise
from core.sampling.patches import Raster

CLIP_UM = 1500.0
FAR_OUTSIDE = 0
"""Value of a map far outside an outline; 255 far inside."""


def encoded(distance_um: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Signed distances, positive inside, clipped at `CLIP_UM`, as 8 bits: as coarse as 12 µm."""
    share = np.clip(distance_um / np.float32(CLIP_UM), -1, 1)
    return np.asarray(np.rint((share + 1) * np.float32(127.5)), np.uint8)


def draw_error(generator: np.random.Generator) -> float:
    """How wrong a map is made: t above."""
    along = generator.uniform()
    return float(np.sqrt(along * (1 - along)) * generator.choice((-1, 1)))


def degraded(own: NDArray[np.uint8], other: NDArray[np.uint8], error: float) -> NDArray[np.float32]:
    """Two maps of one place blended as above, 0..1."""
    blended = own + np.float32(error) * (other.astype(np.float32) - own)
    return np.asarray(np.clip(blended, 0, 255) / np.float32(255), np.float32)


def carried(alignment: Alignment, placed: Placed, section: int, grid: RasterGrid) -> Raster:
    """The map of one section's outline carried onto another section, on its raster; far outside where there is none."""
    number, outline = placed
    mask = rasterise([apply(transform_between(alignment, number, section), ring) for ring in outline], grid)
    if not mask.any():
        return Raster(np.full(mask.shape, FAR_OUTSIDE, np.uint8), grid)
    return Raster(encoded(signed_distance_px(mask) * np.float32(grid.pixel_size_um)), grid)


def between(alignment: Alignment, placed: Sequence[Placed], section: int, grid: RasterGrid) -> Raster:
    """The map of the outline interpolated onto a section; where an area has but one outline, of that one carried over."""
    try:
        return Raster(encoded(interpolated_distance(alignment, placed, section, grid)), grid)
    except NoShapeError:
        drawn = [each for each in placed if each[1]]
        return carried(alignment, drawn[0] if drawn else (section, []), section, grid)


def window(raster: Raster, grid: RasterGrid) -> NDArray[np.uint8]:
    """The part of a map on a raster of the same pixels, far outside beyond it."""
    left, top = (round((a - b) / grid.pixel_size_um) for a, b in zip(grid.origin_um, raster.grid.origin_um, strict=True))
    part = np.full((grid.height_px, grid.width_px), FAR_OUTSIDE, np.uint8)
    rows = slice(max(top, 0), max(0, min(top + grid.height_px, raster.grid.height_px)))
    columns = slice(max(left, 0), max(0, min(left + grid.width_px, raster.grid.width_px)))
    values = raster.values[rows, columns]
    first_row, first_column = max(-top, 0), max(-left, 0)
    part[first_row : first_row + values.shape[0], first_column : first_column + values.shape[1]] = values
    return part
