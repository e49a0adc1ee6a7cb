"""Draw a section's pixels: glass, neuropil and cells, the same whichever window is asked for.

Every cell follows from the hash of its 64 µm block, so any window of any section repeats exactly. Neuropil is set such
that, cells included, the local mean is the map's stain: the calibration holds by construction, at any cell density.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.resampling import average_blocks
from core.phantom import kernels
from core.phantom.cytoarchitecture import tables
from core.phantom.kernels import Canvas, Cells, CellTables, Tissue
from core.phantom.maps import GLASS, SectionMaps, depth_bins

_FINEST_UM, _COARSEST_DRAWN_UM, _COARSEST_UM = 0.5, 4.0, 8.0
_TEXTURE_PX = 1021  # a prime: it never falls in step with tiles


@dataclass(frozen=True)
class Renderer:
    """Renders windows of one section at one pixel size, 0.5 to 8 µm; `seed` makes its cells.

    Above 4 µm, where cells are smaller than a pixel and cannot be drawn one by one, pixels are means of 2 × 2 finer ones.
    """

    maps: SectionMaps
    pixel_size_um: float
    seed: int

    def __post_init__(self) -> None:
        if not _FINEST_UM <= self.pixel_size_um <= _COARSEST_UM:
            asked = f"{self.pixel_size_um:g} µm; render finer and average"
            raise ValueError(f"sections render at {_FINEST_UM:g} to {_COARSEST_UM:g} µm per pixel, not at {asked}")

    @property
    def width_px(self) -> int:
        """Width of the full-resolution image."""
        return round(self.maps.grid.width_px * self.maps.grid.pixel_size_um / self.pixel_size_um)

    @property
    def height_px(self) -> int:
        """Height of the full-resolution image."""
        return round(self.maps.grid.height_px * self.maps.grid.pixel_size_um / self.pixel_size_um)

    def rows(self, y_px: int, count: int) -> NDArray[np.uint8]:
        """Full-width strip of `count` rows from `y_px`: what `core.imaging.writer.write_pyramid` asks for."""
        return self.window(0, y_px, self.width_px, count)

    def window(self, x_px: int, y_px: int, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """Grey values (height, width) of a window of the image."""
        if self.pixel_size_um > _COARSEST_DRAWN_UM:
            return average_blocks(self._finer.window(2 * x_px, 2 * y_px, 2 * width_px, 2 * height_px), 2)
        pixels = np.empty((height_px, width_px), np.float32)
        canvas = Canvas(pixels, x_px, y_px, self.pixel_size_um, self.maps.grid.pixel_size_um)
        texture = _texture(self.pixel_size_um)
        kernels.draw_ground(canvas, self._neuropil, texture)
        kernels.draw_cells(canvas, Tissue(self.maps.tissue, self.maps.depth, self.maps.radial), _cells(self.seed))
        result = np.empty((height_px, width_px), np.uint8)
        kernels.develop(canvas, self.maps.inside_um, texture, result)
        return result

    @cached_property
    def _finer(self) -> Self:
        return replace(self, pixel_size_um=self.pixel_size_um / 2)

    @cached_property
    def _neuropil(self) -> NDArray[np.float32]:
        return neuropil(self.maps, self.pixel_size_um)


def neuropil(maps: SectionMaps, pixel_size_um: float) -> NDArray[np.float32]:
    """Grey level between the cells that makes the local mean, cells included, equal to the wanted stain.

    Cells fall independently: the share of area they cover is 1 - exp(-density · mean area).
    """
    t = tables()
    area_um2 = np.exp(t.log_area + t.log_sd**2 / 2) + kernels.mean_rim_um2(pixel_size_um) / t.elongation
    covered = 1 - np.exp(-t.density * area_um2 * 1e-6)
    share = covered[np.where(maps.tissue == GLASS, 0, maps.tissue), depth_bins(maps.depth)].astype(np.float32)
    smooth = cv2.GaussianBlur(share, (0, 0), 1.0)
    return np.asarray((maps.stain - kernels.MEAN_CELL * smooth) / (1 - smooth), np.float32)


def _cells(seed: int) -> Cells:
    t = tables()
    return Cells(CellTables(t.density, t.log_area, t.log_sd, t.elongation), float(t.density.max()), np.uint64(seed))


@lru_cache(maxsize=4)
def _texture(pixel_size_um: float) -> NDArray[np.float32]:
    """(2, n, n): grain of the neuropil (fine to coarse, mean 0) and of the camera, repeating every n pixels."""
    rng = np.random.default_rng(20)
    grain = np.zeros((_TEXTURE_PX, _TEXTURE_PX), np.float32)
    for grain_um, strength in ((1.4, 2.4), (5.0, 2.4), (14.0, 1.6)):
        sigma = grain_um / pixel_size_um
        reach = int(3 * sigma) + 1
        noise = np.pad(rng.standard_normal(grain.shape).astype(np.float32), reach, mode="wrap")
        smooth = cv2.GaussianBlur(noise, (0, 0), sigma)[reach:-reach, reach:-reach]
        # An image pixel averages the grain within it: coarser pixels show less of it.
        grain += smooth / smooth.std() * np.float32(strength * min(1.0, 2 * sigma))
    return np.stack([grain, rng.standard_normal(grain.shape).astype(np.float32)])
