"""Patches cut on the device that learns: sections stay there as 8-bit tensors, a batch is sampled by a few calls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.contracts.datasets import RasterGrid
from core.models.factory import input_names
from core.models.geometry import shape_names
from core.sampling.augmentation import Variation
from core.sampling.centres import Centre
from core.sampling.labels import OUTSIDE
from core.sampling.patches import WHITE, Raster, Square, square_to_raster
from core.sampling.shapes import FAR_OUTSIDE
from core.training.patch_source import Batch, PatchSource, Plan

_CHUNK_PX = 1 << 26
"""Source pixels sampled at a time: bounds the memory beside the sections and the batch itself."""
_MARGIN_PX = 2


@dataclass(frozen=True, slots=True)
class _Placed:
    values: Tensor
    grid: RasterGrid


class DeviceStage:
    """Cuts the batches of a source whose images are all in memory, on any torch device.

    The same patches as `PatchSource.cut` up to rounding: OpenCV places samples on 1/32 px, this one where they are.
    """

    def __init__(self, source: PatchSource, device: torch.device) -> None:
        self._source, self._device = source, device
        self._images = {
            name: [self._placed(_in_memory(section.images[name])) for section in source.sections]
            for name in input_names(source.settings.architecture)
        }
        # For each area its maps on all sections, then those of the other sections' outlines.
        self._shapes = [
            [[self._placed(section.shapes[area][which]) for section in source.sections] for which in (0, 1)]
            for area in range(len(source.sections[0].shapes))
        ]
        self._labels = [self._placed(section.labels) for section in source.sections]

    def batch(self, plan: Plan) -> Batch:
        """The patches of a plan, on the device; rotation, resampling, intensities and labels for all patches together."""
        variations = [variation for _, variation in plan]
        squares = self._source.input_squares()
        inputs = {
            name: _varied(self._cut(self._images[name], square, plan, WHITE, "bicubic"), variations)
            for name, square in ((name, squares[name]) for name in self._images)
        }
        for name, maps in zip(shape_names(len(self._shapes)), self._shapes, strict=True):
            own, other = (self._cut(each, squares[name], plan, FAR_OUTSIDE, "bicubic") for each in maps)
            errors = torch.tensor([each.shape_error for each in variations], device=own.device).view(-1, 1, 1, 1)
            inputs[name] = (own + errors * (other - own)).clamp_(0, 255).div_(255)
        labels = self._cut(self._labels, self._source.label_square(), plan, OUTSIDE, "nearest")
        return Batch(inputs, labels[:, 0].to(torch.uint8))

    def _placed(self, raster: Raster) -> _Placed:
        return _Placed(torch.from_numpy(raster.values).to(self._device), raster.grid)

    def _cut(self, rasters: Sequence[_Placed], square: Square, plan: Plan, fill: int, mode: str) -> Tensor:
        """(n, 1, size, size) float32, in 0..255; whole numbers as of an 8-bit image."""
        each = max(1, _CHUNK_PX // _crop_side(rasters[0].grid, square) ** 2)
        parts = [self._cut_some(rasters, square, plan[first : first + each], fill, mode) for first in range(0, len(plan), each)]
        return torch.cat(parts)

    def _cut_some(self, rasters: Sequence[_Placed], square: Square, plan: Plan, fill: int, mode: str) -> Tensor:
        side = _crop_side(rasters[0].grid, square)
        crops = torch.full((len(plan), 1, side, side), fill, dtype=torch.uint8, device=self._device)
        affines = np.empty((len(plan), 2, 3))
        for index, (centre, variation) in enumerate(plan):
            raster = rasters[centre.section_index]
            affines[index] = self._affine(raster.grid, square, centre, variation)
            left, top = _first_px(affines[index], square.size_px)
            affines[index, :, 2] -= (left, top)
            _paste(crops[index, 0], raster.values, left, top)
        theta = torch.from_numpy(_normalised(affines, square.size_px, side)).to(self._device, torch.float32)
        size = [len(plan), 1, square.size_px, square.size_px]
        places = functional.affine_grid(theta, size, align_corners=True)
        sampled = functional.grid_sample(crops.float(), places, mode=mode, padding_mode="border", align_corners=True)
        return sampled.round_().clamp_(0, 255)

    def _affine(self, grid: RasterGrid, square: Square, centre: Centre, variation: Variation) -> NDArray[np.float64]:
        return square_to_raster(grid, square, self._source.pivot_um(centre), variation.angle_rad)


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


def _crop_side(grid: RasterGrid, square: Square) -> int:
    """Side of the upright part of a raster that holds the square at any rotation, with what bicubic weights reach for."""
    return math.ceil(square.size_px * square.pixel_size_um / grid.pixel_size_um * math.sqrt(2)) + 2 * _MARGIN_PX + 2


def _first_px(affine: NDArray[np.float64], size_px: int) -> tuple[int, int]:
    """(left, top) of that part: the upper left of the corners' box, less the margin."""
    last = size_px - 1
    corners = affine @ np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]])
    left, top = np.floor(corners.min(axis=1)).astype(int) - _MARGIN_PX
    return int(left), int(top)


def _paste(crop: Tensor, values: Tensor, left: int, top: int) -> None:
    """Copy what there is of the raster; beyond it the crop stays as it is."""
    height, width = values.shape
    rows = slice(max(top, 0), min(top + crop.shape[0], height))
    columns = slice(max(left, 0), min(left + crop.shape[1], width))
    if rows.start < rows.stop and columns.start < columns.stop:
        part = values[rows, columns]
        crop[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = part


def _normalised(affines: NDArray[np.float64], size_px: int, side_px: int) -> NDArray[np.float64]:
    """The affines (n, 2, 3) between pixel indices as torch wants them, between coordinates from −1 to 1."""
    half_out, half_in = (size_px - 1) / 2, (side_px - 1) / 2
    theta = np.empty_like(affines)
    theta[:, :, :2] = affines[:, :, :2] * half_out / half_in
    theta[:, :, 2] = (affines[:, :, :2].sum(axis=2) * half_out + affines[:, :, 2]) / half_in - 1
    return theta


def _varied(images: Tensor, variations: Sequence[Variation]) -> Tensor:
    """α·x^γ + β of each patch, with x in 0..1."""

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=images.device).view(-1, 1, 1, 1)

    alpha, gamma = column([each.alpha for each in variations]), column([each.gamma for each in variations])
    beta = column([each.beta for each in variations])
    return images.div_(255).pow_(gamma).mul_(alpha).add_(beta)
