"""Train the packaged start weights on phantom brains of the left hemisphere; never on the demo brain, which is a right one.

    python scripts/train_start_weights.py build/start_weights --architecture lr_unet --brains 10 --iterations 450

Builds the brains below the folder (those that are there are kept), trains, scores the network on brains it has not seen,
and writes weights and model card into core/models/weights/.
"""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA as AREA_CLASS
from core.contracts.training import AUXILIARY_CLASSES, Architecture, SegmentationSettings
from core.datasets import BrainFolder, adopt_truth
from core.imaging.sections import read_at
from core.inference.predict import Member, Predictor, ready
from core.losses.weighted_cross_entropy import weighted_cross_entropy
from core.models.device import choose_device, mixed_precision, placed
from core.models.factory import NETWORKS, as_input, build_model, parameter_count
from core.models.geometry import patch_geometry
from core.models.start_weights import FOLDER
from core.phantom import build_brain, start_weight_specs
from core.phantom.presets import AREA
from core.phantom.variation import Window
from core.sampling.centres import BalancedCentres, class_weights
from core.sampling.labels import OUTSIDE, resample_nearest
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask, cropped
from core.sampling.resident import ResidentSection, load_resident
from core.tasks.train_segmentation import surroundings_of
from core.training.batches import batches
from core.training.checkpoint import write_tensors
from core.training.metrics import ConfusionMatrix, f1_of_masks
from core.training.normalisation import recalibrate
from core.training.patch_source import PatchSource

HELD_OUT_BRAINS = 2
RECALIBRATION_BATCHES = 40
PEAK_LEARNING_RATE = 1e-3
REPORT_EVERY = 25


def main() -> None:
    """Build, train, score, write."""
    arguments = _arguments()
    torch.set_num_threads(os.cpu_count() or 1)
    settings = settings_for(arguments.architecture, arguments.iterations)
    folders = build_brains(arguments.folder, arguments.brains + HELD_OUT_BRAINS)
    learnt, held_out = folders[: arguments.brains], folders[arguments.brains :]
    source, weights = patch_source(learnt, settings)
    model = build_model(settings.architecture, settings.seed)
    started = time.monotonic()
    learn(model, source, weights, settings)
    recalibrate(model, batches(source, settings.iterations, settings.iterations + RECALIBRATION_BATCHES), settings.precision)
    minutes = (time.monotonic() - started) / 60
    scores = {folder.brain.id: held_out_f1(folder, model, settings) for folder in held_out}
    print("F1 of the area on brains not learnt from:", scores)
    write_weights(model, name_of(settings))
    write_card(settings, arguments.brains, minutes, scores)


def settings_for(architecture: Architecture, iterations: int) -> SegmentationSettings:
    """At 4 and 32 µm: the laminar pattern is 150 to 300 µm wide, and a patch of 256 label pixels shows several gyri."""
    return SegmentationSettings(
        architecture=architecture,
        high_pixel_size_um=4.0,
        low_pixel_size_um=32.0,
        output_px=256,
        iterations=iterations,
        batch_size=2,
        roi_radius_mm=4.0,
        intensity_variation=0.25,
        seed=1909,
    )


def learn(model: nn.Module, source: PatchSource, class_weights: np.ndarray, settings: SegmentationSettings) -> None:
    """AdamW and one cycle of the learning rate: in few iterations farther than the thesis's schedule, which suits many."""
    device = choose_device()
    placed(model, device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_LEARNING_RATE, total_steps=settings.iterations, pct_start=0.15
    )
    weights = torch.from_numpy(class_weights).to(device)
    losses: list[float] = []
    confusion, started = ConfusionMatrix(), time.monotonic()
    for step, batch in enumerate(batches(source, 0, settings.iterations), start=1):
        with mixed_precision(device, settings.precision):
            logits = model(*[as_input(image.to(device)) for image in batch.inputs.values()])
        loss = weighted_cross_entropy(logits, batch.labels.to(device), weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        confusion.add(batch.labels.numpy(), logits.detach().argmax(dim=1).to("cpu", torch.uint8).numpy())
        if step % REPORT_EVERY == 0 or step == settings.iterations:
            f1 = ", ".join(f"{name} {confusion.f1(number):.2f}" for number, name in enumerate((*AUXILIARY_CLASSES, AREA)))
            minutes = (time.monotonic() - started) / 60
            print(f"{step}/{settings.iterations} loss {np.mean(losses):.3f} F1 {f1} after {minutes:.1f} min", flush=True)
            losses, confusion = [], ConfusionMatrix()


def build_brains(root: Path, count: int) -> list[BrainFolder]:
    """Phantom brains with two sections each, wide enough that the low-resolution input sees tissue around the area."""
    folders = []
    for spec in start_weight_specs(count):
        folder = root / spec.brain_id
        if not (folder / "brain.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            build_brain(folder, replace(spec, window=Window(spec.window.centre_mm, 26.0, 30.0)))
            adopt_truth(folder)
            print("built", spec.brain_id, flush=True)
        folders.append(BrainFolder(folder))
    return folders


def patch_source(folders: Sequence[BrainFolder], settings: SegmentationSettings) -> tuple[PatchSource, np.ndarray]:
    """All sections of all brains, each also mirrored, so that the weights suit both hemispheres."""
    sections = [resident(folder, section.number, settings) for folder in folders for section in folder.brain.sections]
    sections += [mirrored(section) for section in sections]
    labels = [section.labels_in_region.values for section in sections]
    centres = BalancedCentres(labels, (AREA,), [section.number for section in sections])
    source = PatchSource(sections, centres, patch_geometry(settings), settings)
    return source, class_weights(centres.counts)


def resident(folder: BrainFolder, number: int, settings: SegmentationSettings) -> ResidentSection:
    """One section with its true outline of the area."""
    paths = [outline.paths for outline in folder.truth(number).outlines if outline.area == AREA]
    return load_resident(folder, number, [paths], surroundings_of(settings))


def mirrored(section: ResidentSection) -> ResidentSection:
    """The section seen from the other side, mirrored about its left edge."""
    return ResidentSection(
        section.number,
        {name: _mirrored_raster(raster) for name, raster in section.images.items()},
        _mirrored_raster(section.labels),
        _mirrored_raster(section.labels_in_region),
    )


def _mirrored_raster(raster: Raster) -> Raster:
    grid = raster.grid
    width_um = grid.width_px * grid.pixel_size_um
    origin_um = (-grid.origin_um[0] - width_um, grid.origin_um[1])
    placed = RasterGrid(pixel_size_um=grid.pixel_size_um, origin_um=origin_um, width_px=grid.width_px, height_px=grid.height_px)
    return Raster(np.ascontiguousarray(raster.values[:, ::-1]), placed)


def held_out_f1(folder: BrainFolder, model: nn.Module, settings: SegmentationSettings) -> list[float]:
    """F1 of the area within the region around it, on every section of a brain, without any fine-tuning."""
    predictor = Predictor((Member(ready(model)),), patch_geometry(settings), settings.precision)
    scores = []
    for section in folder.brain.sections:
        labels = resident(folder, section.number, settings).labels_in_region
        region = cropped(PlacedMask(section.number, labels.values != OUTSIDE, labels.grid))
        truth = resample_nearest(labels.values, labels.grid, region.grid, fill=OUTSIDE)
        with folder.pyramid(section.number) as pyramid:
            read = partial(_read, pyramid)
            found = predictor.predict(region, np.ones_like(truth), read, lambda _done, _of: None)
        scores.append(round(f1_of_masks(truth == AREA_CLASS, (found.labels == AREA_CLASS) & region.mask), 3))
    return scores


def _read(pyramid, grid: RasterGrid) -> np.ndarray:  # noqa: ANN001
    return read_at(pyramid, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)


def name_of(settings: SegmentationSettings) -> str:
    """`phantom-ms-unet-v1`: how the weights are called in settings."""
    return f"phantom-{settings.architecture.replace('_', '-')}-v1"


def write_weights(model: nn.Module, name: str) -> None:
    """Convolutions in half precision, to keep the package small; normalisation in float32."""
    tensors = {name: value.half() if value.dim() == 4 else value for name, value in model.state_dict().items()}
    FOLDER.mkdir(exist_ok=True)
    write_tensors(FOLDER / f"{name}.safetensors", tensors, {})


def write_card(settings: SegmentationSettings, brains: int, minutes: float, scores: dict[str, list[float]]) -> None:
    """The model card beside the weights."""
    rows = "\n".join(f"| {brain} | {', '.join(f'{score:.2f}' for score in found)} |" for brain, found in scores.items())
    parameters = parameter_count(build_model(settings.architecture))
    options = f"--architecture {settings.architecture} --brains {brains} --iterations {settings.iterations}"
    text = f"""# {name_of(settings)}

Start weights for local segmentation models, trained on **synthetic tissue on real anatomy**. They are no map
of anything: training on two annotated sections has to follow.

- **Network**: `{settings.architecture}`, {parameters:,} parameters, pixel sizes {settings.high_pixel_size_um:g} and
  {settings.low_pixel_size_um:g} µm.
  Stored as safetensors, convolutions in half precision.
- **Learnt from**: {brains} phantom brains (`core.phantom.start_weight_specs`), two sections each, left hemisphere of one real
  subject's surfaces, each also mirrored; classes background, white matter, other gray matter, {AREA}. The demo brain `B20`
  (right hemisphere, other seed, other planes) was never used.
- **How**: `python scripts/train_start_weights.py FOLDER {options}`.
  Batches of {settings.batch_size} patches with {settings.output_px} px output, weighted cross-entropy, AdamW with one cycle of
  the learning rate (peak {PEAK_LEARNING_RATE:g}), then normalisation statistics over {RECALIBRATION_BATCHES} batches;
  intensity variation {settings.intensity_variation:g} times the thesis's;
  {minutes:.0f} minutes on {os.cpu_count()} shared cores ({platform.machine()}), {datetime.now(UTC):%Y-%m-%d}.
- **F1 of {AREA} without fine-tuning** on phantom brains not learnt from, within {settings.roi_radius_mm:g} mm of the area:

| brain | its two sections |
|---|---|
{rows}

- **Limits**: one subject's folding, one area, one way of drawing layers. Whether they help on real stain has not been tested.
- **Licence**: Apache-2.0, as the package; the anatomy's sources are in NOTICE.
"""
    (FOLDER / f"{name_of(settings)}.md").write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where brains and the checkpoint go")
    parser.add_argument("--architecture", choices=list(NETWORKS), default="lr_unet")
    parser.add_argument("--brains", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=450)
    return parser.parse_args()


if __name__ == "__main__":
    main()
