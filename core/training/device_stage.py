"""Patches cut on the device that learns: sections stay there as 8-bit tensors; one operation places, turns, samples, varies.

The operation is written in torch, tap by tap, so that it runs anywhere; on a GPU with a compiler it is a single kernel that
reads the sections where they lie and writes the batch (core.training.fused_cut).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from core.contracts.datasets import RasterGrid
from core.models.device import can_compile
from core.models.factory import input_names
from core.models.geometry import shape_names
from core.sampling.augmentation import Variation
from core.sampling.labels import OUTSIDE
from core.sampling.patches import WHITE, Raster, Square, square_to_raster
from core.sampling.shapes import FAR_OUTSIDE
from core.training.patch_source import Batch, PatchSource, Plan

_CHUNK_PX = 1 << 26
"""Pixels sampled at a time: bounds the memory beside the sections and the batch itself."""
_CUBIC = -0.75
"""The free parameter of cubic interpolation; OpenCV's and torch's value, with which training and prediction agree."""
_TAPS = 4


@dataclass(frozen=True, slots=True)
class _Rasters:
    """Rasters of all sections one behind the other: `flat` (bytes,) uint8 on the device; where each begins, height, width."""

    flat: Tensor
    extents: tuple[tuple[int, int, int], ...]
    grids: tuple[RasterGrid, ...]

    @classmethod
    def placed(cls, rasters: Sequence[Raster], device: torch.device) -> Self:
        """On the device, each raster copied there once."""
        sizes = [raster.values.size for raster in rasters]
        flat = torch.empty(sum(sizes), dtype=torch.uint8, device=device)
        for part, raster in zip(torch.split(flat, sizes), rasters, strict=True):
            part.copy_(torch.from_numpy(np.ascontiguousarray(raster.values)).flatten())
        begin = np.cumsum([0, *sizes[:-1]]).tolist()
        extents = tuple((first, *raster.values.shape) for first, raster in zip(begin, rasters, strict=True))
        return cls(flat, extents, tuple(raster.grid for raster in rasters))


@dataclass(frozen=True, slots=True)
class Places:
    """Where patches lie in `flat`, the rasters of all sections.

    `lies` (n, 5) int64: of each patch's raster the first byte, height and width, and the pixel (row, column) from which its
    `affine` (n, 2, 3) float32 leads: from a pixel near by float32 places samples to a thousandth, however large the section.
    """

    flat: Tensor
    lies: Tensor
    affine: Tensor

    def part(self, part: slice) -> Self:
        """Some of the patches."""
        return replace(self, lies=self.lies[part], affine=self.affine[part])


class DeviceStage:
    """Cuts the batches of a source whose images are all in memory, on any torch device.

    The same patches as `PatchSource.cut` up to rounding: OpenCV places samples on 1/32 px, this one where they are.
    """

    def __init__(self, source: PatchSource, device: torch.device) -> None:
        self._source, self._device = source, device
        self._images = {
            name: self._placed([_in_memory(section.images[name]) for section in source.sections])
            for name in input_names(source.settings.architecture)
        }
        # For each area its maps on all sections, then those of the other sections' outlines.
        self._shapes = [
            [self._placed([section.shapes[area][which] for section in source.sections]) for which in (0, 1)]
            for area in range(len(source.sections[0].shapes))
        ]
        self._labels = self._placed([section.labels for section in source.sections])
        self._fused = _fused_cut() if can_compile(device) else None

    def batch(self, plan: Plan) -> Batch:
        """The patches of a plan, on the device."""
        squares = self._source.input_squares()
        varied = self._intensities([variation for _, variation in plan])
        inputs = {name: self._cut(rasters, squares[name], plan, WHITE, varied) for name, rasters in self._images.items()}
        as_is = self._intensities([Variation()] * len(plan))
        for name, maps in zip(shape_names(len(self._shapes)), self._shapes, strict=True):
            own, other = (self._cut(each, squares[name], plan, FAR_OUTSIDE, as_is) for each in maps)
            errors = torch.tensor([variation.shape_error for _, variation in plan], device=own.device).view(-1, 1, 1, 1)
            inputs[name] = (own + errors * (other - own)).clamp_(0, 1)
        return Batch(inputs, self._cut_labels(plan))

    def _placed(self, rasters: Sequence[Raster]) -> _Rasters:
        return _Rasters.placed(rasters, self._device)

    def _intensities(self, variations: Sequence[Variation]) -> Tensor:
        """(n, 3): α, γ, β of each patch."""
        return torch.tensor([(each.alpha, each.gamma, each.beta) for each in variations], device=self._device)

    def _cut(self, rasters: _Rasters, square: Square, plan: Plan, fill: int, intensities: Tensor) -> Tensor:
        """(n, 1, size, size) float32: α·x^γ + β of the interpolated intensity x, which is rounded to 8 bits first."""
        places, size = self._places(rasters, square, plan), square.size_px
        cut = torch.empty((len(plan), 1, size, size), device=self._device)
        if self._fused is not None:
            self._fused(places, intensities, fill, cut[:, 0])
            return cut
        each = max(1, _CHUNK_PX // size**2)
        for part in (slice(first, first + each) for first in range(0, len(plan), each)):
            cut[part, 0] = _cubic(places.part(part), size, fill, intensities[part])
        return cut

    def _cut_labels(self, plan: Plan) -> Tensor:
        """(n, size, size) uint8, 255 beyond the raster."""
        square = self._source.label_square()
        return _nearest(self._places(self._labels, square, plan), square.size_px, OUTSIDE)

    def _places(self, rasters: _Rasters, square: Square, plan: Plan) -> Places:
        affines, lies = np.empty((len(plan), 2, 3)), np.empty((len(plan), 5), np.int64)
        for index, (centre, variation) in enumerate(plan):
            grid, pivot_um = rasters.grids[centre.section_index], self._source.pivot_um(centre)
            affine = square_to_raster(grid, square, pivot_um, variation.angle_rad)
            corner = np.floor(affine[::-1, 2])
            affine[:, 2] -= corner[::-1]
            affines[index], lies[index] = affine, (*rasters.extents[centre.section_index], *corner)
        lying, turned = (torch.from_numpy(each).to(self._device) for each in (lies, affines.astype(np.float32)))
        return Places(rasters.flat, lying, turned)


def held_bytes(source: PatchSource) -> float:
    """Memory the sections of a source take on a device; infinite when an image is not in memory."""
    total = 0.0
    for section in source.sections:
        rasters = [*section.images.values(), section.labels, *(each for maps in section.shapes for each in maps)]
        total += sum(raster.values.nbytes if isinstance(raster, Raster) else math.inf for raster in rasters)
    return total


def _in_memory(image: object) -> Raster:
    if not isinstance(image, Raster):
        raise TypeError(f"patches are cut on the device from rasters in memory, not from a {type(image).__name__}")
    return image


def _fused_cut() -> Callable[[Places, Tensor, int, Tensor], None]:
    from core.training.fused_cut import cut  # noqa: PLC0415 - Triton comes with torch's GPU builds alone

    return cut


def _cubic(places: Places, size: int, fill: int, intensities: Tensor) -> Tensor:
    """(n, size, size) float32, interpolated from 4 × 4 pixels, those beyond the raster being `fill`."""
    x, y = _positions(places, size)
    left, top = x.floor(), y.floor()
    across, down = _cubic_weights(x - left), _cubic_weights(y - top)
    row, column = top.long() - 1, left.long() - 1
    total = torch.zeros_like(x)
    for i in range(_TAPS):
        line = torch.zeros_like(x)
        for j in range(_TAPS):
            line = line + across[j] * _pixel(places, row + i, column + j, fill)
        total = total + down[i] * line
    alpha, gamma, beta = (intensities[:, index, None, None] for index in range(3))
    return alpha * (total.round().clamp(0, 255) / 255) ** gamma + beta


def _nearest(places: Places, size: int, fill: int) -> Tensor:
    """(n, size, size) uint8, the nearest pixel's value, `fill` beyond the raster."""
    x, y = _positions(places, size)
    return _pixel(places, y.round().long(), x.round().long(), fill).to(torch.uint8)


def _positions(places: Places, size: int) -> tuple[Tensor, Tensor]:
    """x and y (n, size, size) of each pixel, from the pixel the affine leads from."""
    index, affine = torch.arange(size, device=places.affine.device), places.affine[..., None, None]
    across, down = index.float().view(1, 1, -1), index.float().view(1, -1, 1)
    x, y = (affine[:, axis, 0] * across + affine[:, axis, 1] * down + affine[:, axis, 2] for axis in range(2))
    return x, y


def _cubic_weights(t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of the four pixels about a place a part `t` beyond the second (R. Keys, 1981)."""
    first, last = (((_CUBIC * (d - 5)) * d + 8 * _CUBIC) * d - 4 * _CUBIC for d in (t + 1, 2 - t))
    second = ((_CUBIC + 2) * t - (_CUBIC + 3)) * t * t + 1
    return first, second, 1 - first - second - last, last


def _pixel(places: Places, row: Tensor, column: Tensor, fill: int) -> Tensor:
    """The pixels' values as float32; row and column count from the pixel the affine leads from."""
    first, height, width, from_row, from_column = places.lies[:, :, None, None].unbind(dim=1)
    row, column = row + from_row, column + from_column
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place = torch.where(inside, first + row * width + column, 0)
    return torch.where(inside, places.flat[place].float(), float(fill))
