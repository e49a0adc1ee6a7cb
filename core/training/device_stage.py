"""Patches cut on the device that learns: sections stay there as 8-bit tensors; one operation places, turns, samples, varies.

The operation is written in torch, tap by tap, so that it runs anywhere; on a GPU with a compiler it is a single kernel that
reads the sections where they lie and writes the batch (core.training.fused_cut).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from core.ahead import ahead
from core.contracts.datasets import RasterGrid
from core.models.device import can_compile
from core.models.factory import input_names
from core.models.geometry import shape_names
from core.sampling.labels import OUTSIDE
from core.sampling.patches import WHITE, Raster, Square, square_to_raster
from core.sampling.shapes import FAR_OUTSIDE
from core.training.patch_source import Batch, PatchSource, Plan

_CHUNK_PX = 1 << 26
"""Pixels sampled at a time: bounds the memory beside the sections and the batch itself."""
_CUBIC = -0.75
"""The free parameter of cubic interpolation; OpenCV's and torch's value, with which training and prediction agree."""
_TAPS = 4
_LABELS, _OWN_AND_OTHER = "labels", (" own", " other")
"""Names of groups of rasters beside those of the images; a shape has two: where an outline lies, and where the other's does."""


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
    """Where patches of `size_px` lie in `flat`, the rasters of all sections.

    `lies` (n, 5) int64: of each patch's raster the first byte, height and width, and the pixel (row, column) from which its
    `affine` (n, 2, 3) float32 leads: from a pixel near by float32 places samples to a thousandth, however large the section.
    """

    flat: Tensor
    lies: Tensor
    affine: Tensor
    size_px: int

    def part(self, part: slice) -> Self:
        """Some of the patches."""
        return replace(self, lies=self.lies[part], affine=self.affine[part])


@dataclass(frozen=True, slots=True)
class _Placed:
    """A batch before it is cut: the places of its patches in each group of rasters, and how they are varied."""

    places: dict[str, Places]
    intensities: Tensor
    shape_errors: Tensor


class DeviceStage:
    """Cuts the batches of a source whose images are all in memory, on any torch device.

    The same patches as `PatchSource.cut` up to rounding: OpenCV places samples on 1/32 px, this one where they are.
    """

    def __init__(self, source: PatchSource, device: torch.device) -> None:
        self._source, self._device = source, device
        self._images = input_names(source.settings.architecture)
        self._shapes = shape_names(len(source.sections[0].shapes))
        groups = {name: [_in_memory(section.images[name]) for section in source.sections] for name in self._images}
        for area, name in enumerate(self._shapes):
            for which, part in enumerate(_OWN_AND_OTHER):
                groups[name + part] = [section.shapes[area][which] for section in source.sections]
        groups[_LABELS] = [section.labels for section in source.sections]
        self._rasters = {name: _Rasters.placed(rasters, device) for name, rasters in groups.items()}
        squares = source.input_squares()
        self._squares = {name: squares[name] for name in self._images} | {_LABELS: source.label_square()}
        self._squares |= {name + part: squares[name] for name in self._shapes for part in _OWN_AND_OTHER}
        self._fused = _fused_cut() if can_compile(device) else None

    def batches(self, plans: Iterable[Plan]) -> Iterator[Batch]:
        """The batches of plans, in order; where the patches of the next one lie is worked out while these are learnt from."""
        return (self._batch(placed) for _, placed in ahead(self._placed, plans))

    def batch(self, plan: Plan) -> Batch:
        """The patches of a plan, on the device."""
        return self._batch(self._placed(plan))

    def _placed(self, plan: Plan) -> _Placed:
        varied = [(each.alpha, each.gamma, each.beta, each.shape_error) for _, each in plan]
        table = torch.tensor(varied, dtype=torch.float32).to(self._device)
        places = {name: self._places(rasters, self._squares[name], plan) for name, rasters in self._rasters.items()}
        return _Placed(places, table[:, :3].contiguous(), table[:, 3].view(-1, 1, 1, 1))

    def _places(self, rasters: _Rasters, square: Square, plan: Plan) -> Places:
        affines, lies = np.empty((len(plan), 2, 3)), np.empty((len(plan), 5), np.int64)
        for index, (centre, variation) in enumerate(plan):
            grid, pivot_um = rasters.grids[centre.section_index], self._source.pivot_um(centre)
            affine = square_to_raster(grid, square, pivot_um, variation.angle_rad)
            corner = np.floor(affine[::-1, 2])
            affine[:, 2] -= corner[::-1]
            affines[index], lies[index] = affine, (*rasters.extents[centre.section_index], *corner)
        lying, turned = (torch.from_numpy(each).to(self._device) for each in (lies, affines.astype(np.float32)))
        return Places(rasters.flat, lying, turned, square.size_px)

    def _batch(self, placed: _Placed) -> Batch:
        inputs = {name: self._cut(placed.places[name], WHITE, placed.intensities) for name in self._images}
        as_they_are = torch.tensor([1.0, 1.0, 0.0], device=self._device).repeat(len(placed.intensities), 1)
        for name in self._shapes:
            own, other = (self._cut(placed.places[name + part], FAR_OUTSIDE, as_they_are) for part in _OWN_AND_OTHER)
            inputs[name] = (own + placed.shape_errors * (other - own)).clamp_(0, 1)
        return Batch(inputs, _nearest(placed.places[_LABELS], OUTSIDE))

    def _cut(self, places: Places, fill: int, intensities: Tensor) -> Tensor:
        """(n, 1, size, size) float32: α·x^γ + β of the interpolated intensity x, which is rounded to 8 bits first."""
        count, size = len(places.lies), places.size_px
        cut = torch.empty((count, 1, size, size), device=self._device)
        if self._fused is not None:
            self._fused(places, intensities, fill, cut[:, 0])
            return cut
        each = max(1, _CHUNK_PX // size**2)
        for part in (slice(first, first + each) for first in range(0, count, each)):
            cut[part, 0] = _cubic(places.part(part), fill, intensities[part])
        return cut


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


def _cubic(places: Places, fill: int, intensities: Tensor) -> Tensor:
    """(n, size, size) float32, interpolated from 4 × 4 pixels, those beyond the raster being `fill`."""
    x, y = _positions(places)
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


def _nearest(places: Places, fill: int) -> Tensor:
    """(n, size, size) uint8, the nearest pixel's value, `fill` beyond the raster."""
    x, y = _positions(places)
    return _pixel(places, y.round().long(), x.round().long(), fill).to(torch.uint8)


def _positions(places: Places) -> tuple[Tensor, Tensor]:
    """x and y (n, size, size) of each pixel, from the pixel the affine leads from."""
    index, affine = torch.arange(places.size_px, device=places.affine.device), places.affine[..., None, None]
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
