"""Prediction of a region of interest, tile by tile; memory holds one tile, whatever the section's size."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.ahead import ahead
from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, BACKGROUND, Precision
from core.inference.shape_prior import fused
from core.inference.tiles import Tile, plan_tiles
from core.models.device import choose_device, mixed_precision, placed
from core.models.factory import as_input
from core.models.geometry import PatchGeometry, shape_names
from core.sampling.labels import OUTSIDE
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask
from core.sampling.shapes import window

TILE_PX = {"cpu": 512, "cuda": 1024}
"""Side of a tile: on a GPU the border that every tile reads beside itself weighs more than the memory it takes."""
READERS = 16
"""Threads that read tiles for a GPU, which predicts one in less time than a thread needs to decode it."""
CERTAIN = 255

ReadImage = Callable[[RasterGrid], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class RegionPrediction:
    """What a network says of a region, on one raster (h, w), 8 bit.

    `labels`: class numbers, 255 outside the region. The others are shares times 255, 0 outside: `confidence` the probability
    of the given class, `probabilities` (areas, h, w) that of each area, `entropy` that over the classes, of an even guess 1.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    probabilities: NDArray[np.uint8]
    entropy: NDArray[np.uint8]
    grid: RasterGrid


@dataclass(frozen=True, slots=True)
class Member:
    """A trained network, placed by `ready`, and the temperature of its own calibration."""

    model: nn.Module
    temperature: float = 1.0

    def probabilities(self, inputs: Sequence[Tensor], prior: Tensor | None) -> Tensor:
        """Probabilities (classes, h, w), calibrated; `prior` as of `fused`."""
        logits: Tensor = self.model(*inputs)
        logits = logits.float()
        if prior is not None:
            logits = fused(logits, prior)
        # After the prior, so that no label of a model alone depends on the temperature.
        return (logits / self.temperature).softmax(dim=1)[0]


@dataclass(frozen=True, slots=True)
class Predictor:
    """One trained network ready to predict regions, or several of the same inputs and areas that decide together.

    Of several the probabilities are averaged: where members disagree the mixture is in doubt, though each may be sure of itself
    (B. Lakshminarayanan, A. Pritzel and C. Blundell, Simple and scalable predictive uncertainty estimation using deep
    ensembles, NeurIPS 2017).
    """

    members: tuple[Member, ...]
    geometry: PatchGeometry
    precision: Precision
    areas: int = 1
    tile_px: int = field(default_factory=lambda: TILE_PX[choose_device().type])

    def predict(
        self,
        region: PlacedMask,
        tissue: NDArray[np.uint8],
        read: ReadImage,
        on_tile: Callable[[int, int], None],
        prior: NDArray[np.float32] | None = None,
        shapes: Sequence[Raster] = (),
    ) -> RegionPrediction:
        """Predict every pixel of the region.

        `tissue` (h, w) on the region's raster: a tile of the slide alone (0) is background without asking the network.
        `read` gives the image on a raster of the section frame. `on_tile(done, of)` is called after each tile and may raise.
        `prior` (areas, h, w): log odds that the areas' shapes add (core.inference.shape_prior). `shapes`: the areas' maps
        where the network takes them (core.sampling.shapes).
        """
        labels = np.full(region.mask.shape, OUTSIDE, dtype=np.uint8)
        shares = np.zeros((2 + self.areas, *region.mask.shape), dtype=np.uint8)  # confidence, entropy, the areas
        tiles = plan_tiles(region, self.tile_px, self.geometry.phase_px)
        wanted = [tile for tile in tiles if _part(tissue, tile).any()]
        for tile in tiles:
            if tile not in wanted:
                _part(labels, tile)[...], _part(shares[0], tile)[...] = BACKGROUND, CERTAIN
        for done, (tile, images) in enumerate(_read_ahead(wanted, self.geometry, read, shapes), start=1):
            tile_labels, tile_shares = self._run(images, None if prior is None else _prior_of(prior, tile))
            _paste(labels, tile, tile_labels)
            for raster, values in zip(shares, tile_shares, strict=True):
                _paste(raster, tile, values)
            on_tile(done, len(wanted))
        labels[~region.mask], shares[:, ~region.mask] = OUTSIDE, 0
        return RegionPrediction(labels, shares[0], shares[2:], shares[1], region.grid)

    def _run(
        self, images: Sequence[NDArray[np.uint8]], prior: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        device = next(self.members[0].model.parameters()).device
        inputs = [as_input(torch.from_numpy(image).to(device)[None, None].float() / 255) for image in images]
        shapes = None if prior is None else torch.from_numpy(prior).to(device)
        with torch.inference_mode(), mixed_precision(device, self.precision):
            probabilities = self.members[0].probabilities(inputs, shapes)
            for member in self.members[1:]:
                probabilities += member.probabilities(inputs, shapes)
            probabilities /= len(self.members)
            confidence, label = probabilities.max(dim=0)
            entropy = -(probabilities * probabilities.clamp_min(1e-12).log()).sum(dim=0) / math.log(len(probabilities))
            shares = torch.cat([confidence[None], entropy[None], probabilities[AREA:]])
        return label.to("cpu", torch.uint8).numpy(), (shares * 255).round().clamp(0, 255).to("cpu", torch.uint8).numpy()


def ready(model: nn.Module) -> nn.Module:
    """The model on the best device, set to predict."""
    return placed(model, choose_device()).eval()


def _read_ahead(
    tiles: Sequence[Tile], geometry: PatchGeometry, read: ReadImage, shapes: Sequence[Raster]
) -> Iterator[tuple[Tile, list[NDArray[np.uint8]]]]:
    """Each tile with its input images, in order, the next ones being read while it is predicted."""

    def images_of(tile: Tile) -> list[NDArray[np.uint8]]:
        names = shape_names(len(shapes))
        images = [read(lies.grid(tile.grid)) for name, lies in geometry.inputs.items() if name not in names]
        return images + [window(each, geometry.inputs[name].grid(tile.grid)) for name, each in zip(names, shapes, strict=True)]

    # On the CPU the network wants all cores: one tile is read ahead and no more.
    readers = 1 if choose_device().type == "cpu" else min(READERS, os.cpu_count() or 1)
    return ahead(images_of, tiles, readers)


def _window(shape: tuple[int, ...], tile: Tile) -> tuple[slice, slice]:
    """The tile's part of the raster, as slices of the raster."""
    return (
        slice(max(tile.row, 0), min(tile.row + tile.grid.height_px, shape[0])),
        slice(max(tile.column, 0), min(tile.column + tile.grid.width_px, shape[1])),
    )


def _part(raster: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
    return raster[_window(raster.shape, tile)]


def _prior_of(prior: NDArray[np.float32], tile: Tile) -> NDArray[np.float32]:
    """The prior on the whole tile, 0 where the tile reaches beyond the region's raster."""
    rows, columns = _window(prior.shape[1:], tile)
    whole = np.zeros((len(prior), tile.grid.height_px, tile.grid.width_px), np.float32)
    whole[:, rows.start - tile.row : rows.stop - tile.row, columns.start - tile.column : columns.stop - tile.column] = prior[
        :, rows, columns
    ]
    return whole


def _paste(raster: NDArray[np.uint8], tile: Tile, values: NDArray[np.uint8]) -> None:
    rows, columns = _window(raster.shape, tile)
    raster[rows, columns] = values[
        rows.start - tile.row : rows.stop - tile.row, columns.start - tile.column : columns.stop - tile.column
    ]
