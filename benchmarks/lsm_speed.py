"""What the speed benchmarks of segmentation models measure, on the CPU and on the GPU alike.

Sections are noise in memory: neither the networks nor the cutting of patches care for the content.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, SegmentationSettings
from core.inference.predict import Member, Predictor, ReadImage, RegionPrediction, ready
from core.losses.weighted_cross_entropy import weighted_cross_entropy
from core.models.device import choose_device, mixed_precision, placed
from core.models.factory import as_input, build_model
from core.models.geometry import patch_geometry
from core.optimisers.nesterov_sgd import nesterov_sgd
from core.sampling.centres import BalancedCentres
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask
from core.sampling.resident import ResidentSection
from core.training.batches import batches
from core.training.patch_source import PatchSource

AREA_NAME = "noise"
PATCH_PX = 64  # the thesis's patch: 64 x 64 labels (5.1.5)


def noise_source(settings: SegmentationSettings, side_mm: float) -> PatchSource:
    """Two square sections with four bands of classes."""
    sections = [_noise_section(settings, number, side_mm) for number in (1, 61)]
    labels = [section.labels.values for section in sections]
    centres = BalancedCentres(labels, (AREA_NAME,), (1, 61))
    return PatchSource(sections, centres, patch_geometry(settings), settings)


def _noise_section(settings: SegmentationSettings, number: int, side_mm: float) -> ResidentSection:
    generator = np.random.default_rng(number)
    images = {}
    for name, window in patch_geometry(settings).inputs.items():
        grid = _square(side_mm, window.pixel_size_um)
        images[name] = Raster(generator.integers(0, 256, (grid.height_px, grid.width_px), np.uint8), grid)
    grid = _square(side_mm, settings.low_pixel_size_um)
    bands = (np.arange(grid.width_px) * (AREA + 1) // grid.width_px).astype(np.uint8)
    labels = Raster(np.broadcast_to(bands, (grid.height_px, grid.width_px)).copy(), grid)
    return ResidentSection(number, images, labels, labels)


def _square(side_mm: float, pixel_size_um: float) -> RasterGrid:
    side_px = int(side_mm * 1000 / pixel_size_um)
    return RasterGrid(pixel_size_um=pixel_size_um, width_px=side_px, height_px=side_px)


class Learner:
    """A network and the one step that every loop does; in the settings' precision and channels-last, or plain."""

    def __init__(self, settings: SegmentationSettings, plain: bool, compiled: bool = False) -> None:
        self.device = choose_device()
        self.precision = "float32" if plain else settings.precision
        network = build_model(settings.architecture, settings.seed)
        self.model: nn.Module = network.to(self.device) if plain else placed(network, self.device)
        self.model.train()
        if compiled:
            self.model.compile()
        self._optimiser = nesterov_sgd(self.model, settings)
        self._weights = torch.ones(AREA + 1, device=self.device)

    def learn(self, images: Sequence[Tensor], labels: Tensor) -> None:
        """One step of gradient descent, finished when this returns."""
        inputs = [as_input(image.to(self.device)) for image in images]
        with mixed_precision(self.device, self.precision):
            logits = self.model(*inputs)
        loss = weighted_cross_entropy(logits, labels.to(self.device), self._weights)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        loss.item()


class _Patches(Dataset[tuple[list[Tensor], Tensor]]):
    """Patch by patch, as a loop without a data stage of its own has it."""

    def __init__(self, source: PatchSource, steps: int) -> None:
        self._source = source
        self._plan = [each for step in range(steps) for each in source.plan(step)]

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, index: int) -> tuple[list[Tensor], Tensor]:
        patch = self._source.cut(*self._plan[index])
        return [torch.from_numpy(image)[None] for image in patch.inputs.values()], torch.from_numpy(patch.labels)


def own_steps(source: PatchSource, steps: int) -> Iterator[tuple[list[Tensor], Tensor]]:
    """Inputs and labels of each step as training gets them."""
    for batch in batches(source, 0, steps):
        yield list(batch.inputs.values()), batch.labels


def plain_steps(source: PatchSource, steps: int) -> Iterator[tuple[list[Tensor], Tensor]]:
    """The same from torch's DataLoader as it comes."""
    yield from DataLoader(_Patches(source, steps), batch_size=source.settings.batch_size)


@dataclass(frozen=True, slots=True)
class LoopTime:
    """Seconds of a step, and of it waiting for data."""

    step_s: float
    data_s: float


def time_loop(steps: Iterator[tuple[list[Tensor], Tensor]], learner: Learner, warm_up: int = 1) -> LoopTime:
    """Median over the steps after the first ones; on a GPU data are waited for, to be told apart from learning."""
    spent = []
    begun = time.perf_counter()
    for images, labels in steps:
        if learner.device.type == "cuda":
            torch.cuda.synchronize()
        there = time.perf_counter()
        learner.learn(images, labels)
        spent.append((time.perf_counter() - begun, there - begun))
        begun = time.perf_counter()
    step_s, data_s = np.median(np.array(spent[warm_up:]), axis=0)
    return LoopTime(float(step_s), float(data_s))


def predict_ratio(settings: SegmentationSettings, side_px: int, patches: int) -> tuple[float, float]:
    """(how many times faster tiles are than patches of 64 px per label pixel, share of equal labels).

    The whole square is predicted in tiles, the same network's patches only on a strip of `patches` of them.
    """
    settings = settings.model_copy(update={"precision": "float32"})  # in which labels of tiles and patches are compared
    member = Member(ready(build_model(settings.architecture)))
    predictor = Predictor((member,), patch_geometry(settings), settings.precision)
    read = _noise_reader()
    strip_px = patches * PATCH_PX
    tiles_s, whole = _timed(predictor, (side_px, side_px), settings, read)
    patches_s, strip = _timed(replace(predictor, tile_px=PATCH_PX), (PATCH_PX, strip_px), settings, read)
    width = min(strip_px, side_px)
    equal = float((whole.labels[:PATCH_PX, :width] == strip.labels[:, :width]).mean())
    return (patches_s / (PATCH_PX * strip_px)) / (tiles_s / side_px**2), equal


def _noise_reader() -> ReadImage:
    """Reads windows of one endless noise, repeated every 4096 px."""
    noise = np.random.default_rng(0).integers(0, 256, (4096, 4096), np.uint8)

    def read(grid: RasterGrid) -> NDArray[np.uint8]:
        left, top = (round(origin_um / grid.pixel_size_um) for origin_um in grid.origin_um)
        rows, columns = (first + np.arange(count) for first, count in ((top, grid.height_px), (left, grid.width_px)))
        return noise[np.ix_(rows % 4096, columns % 4096)]

    return read


def _timed(
    predictor: Predictor, shape: tuple[int, int], settings: SegmentationSettings, read: ReadImage
) -> tuple[float, RegionPrediction]:
    """Seconds, and what was predicted of a region of that (height, width)."""
    grid = RasterGrid(pixel_size_um=settings.low_pixel_size_um, width_px=shape[1], height_px=shape[0])
    mask = np.ones(shape, dtype=np.bool_)
    started = time.perf_counter()
    found = predictor.predict(PlacedMask(1, mask, grid), mask.astype(np.uint8), read, lambda done, of: None)
    return time.perf_counter() - started, found
