"""Train the packaged start weights on phantom brains of the left hemisphere; never on a brain that anything is measured on.

    python scripts/train_start_weights.py build/start_weights --architecture ms_unet --brains 12 --iterations 1200

Builds the brains below the folder (those that are there are kept), trains one network to tell all areas of the occipital lobe
and around it, scores it on a brain it has not seen, and writes weights and model card into core/models/weights/. Of the
classifier only tissue is kept.
"""

import argparse
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, AUXILIARY_CLASSES, OTHER_GRAY_MATTER, Architecture, SegmentationSettings
from core.datasets import BrainFolder, adopt_truth
from core.imaging.sections import read_at
from core.inference.predict import Member, Predictor, ready
from core.losses.weighted_cross_entropy import weighted_cross_entropy
from core.models.device import choose_device, mixed_precision, placed
from core.models.factory import NETWORKS, as_input, build_model, parameter_count
from core.models.geometry import patch_geometry
from core.models.start_weights import CLASSIFIER, FOLDER
from core.phantom import build_brain, start_weight_specs
from core.phantom.anatomy import load_block
from core.phantom.presets import PhantomSpec
from core.phantom.variation import Window
from core.sampling.centres import BalancedCentres
from core.sampling.labels import OUTSIDE, resample_nearest
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask, cropped
from core.sampling.resident import ResidentSection, load_resident
from core.tasks.train_segmentation import surroundings_of
from core.training.batches import batches
from core.training.checkpoint import write_tensors
from core.training.metrics import ConfusionMatrix
from core.training.normalisation import recalibrate
from core.training.patch_source import PatchSource

# What the network learns to tell apart; areas that the phantom draws with the same layers stand as one.
LEARNT = (("hOc1",), ("hOc2",), ("hOc3",), ("7",), ("39", "40"), ("23", "31"), ("37",))
HELD_OUT_BRAINS = 1
POSTERIOR_MM, ANTERIOR_MM = -50.0, -20.0
DRAWN_UM = 4.0
RECALIBRATION_BATCHES = 40
PEAK_LEARNING_RATE = 1e-3
REPORT_EVERY = 25


def main() -> None:
    """Build, train, score, write."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    settings = settings_for(arguments.architecture, arguments.iterations)
    source = patch_source(build_brains(arguments.folder, arguments.brains), settings)
    model = build_model(settings.architecture, settings.seed, len(LEARNT))
    if arguments.low_encoder is not None:
        take_low_encoder(model, arguments.low_encoder)
    started = time.monotonic()
    learn(model, source, settings)
    recalibrate(model, batches(source, settings.iterations, settings.iterations + RECALIBRATION_BATCHES), settings.precision)
    minutes = (time.monotonic() - started) / 60
    write_weights(model, name_of(settings))
    held_out = build_brains(arguments.folder, arguments.brains + HELD_OUT_BRAINS)[arguments.brains :]
    scores = {folder.brain.id: held_out_f1(folder, model, settings) for folder in held_out}
    print("F1 on brains not learnt from:", scores)
    write_card(settings, arguments, minutes, scores)


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


def take_low_encoder(model: nn.Module, name: str) -> None:
    """Start the encoder of the low-resolution image from packaged weights of an LR U-Net: its encoder is the same."""
    tensors = load_file(FOLDER / f"{name}.safetensors")
    prefix = "low_encoder."
    found = {key.removeprefix(prefix): value.float() for key, value in tensors.items() if key.startswith(prefix)}
    model.get_submodule("low_encoder").load_state_dict(found)


def learn(model: nn.Module, source: PatchSource, settings: SegmentationSettings) -> None:
    """AdamW and one cycle of the learning rate: in few iterations farther than the thesis's schedule, which suits many."""
    device = choose_device()
    placed(model, device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_LEARNING_RATE, total_steps=settings.iterations, pct_start=0.15
    )
    names = (*AUXILIARY_CLASSES, *map(" and ".join, LEARNT))
    weights = torch.ones(len(names), device=device)
    losses: list[float] = []
    confusion, started = ConfusionMatrix(len(names)), time.monotonic()
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
            f1 = ", ".join(f"{name} {confusion.f1(number):.2f}" for number, name in enumerate(names))
            minutes = (time.monotonic() - started) / 60
            print(f"{step}/{settings.iterations} loss {np.mean(losses):.3f} F1 {f1} after {minutes:.1f} min", flush=True)
            losses, confusion = [], ConfusionMatrix(len(names))


def build_brains(root: Path, count: int) -> list[BrainFolder]:
    """Phantom brains with two sections each that show the whole hemisphere."""
    folders = []
    for spec in map(whole_hemisphere, start_weight_specs(count)):
        folder = root / spec.brain_id
        if not (folder / "brain.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            build_brain(folder, spec)
            adopt_truth(folder)
            print("built", spec.brain_id, flush=True)
        folders.append(BrainFolder(folder))
    return folders


def whole_hemisphere(spec: PhantomSpec) -> PhantomSpec:
    """The brain at 4 µm, with all of the cortex around its middle in the picture, and spread over the occipital lobe."""
    middle = sum(spec.numbers) / len(spec.numbers)
    share = (spec.plane_mm(round(middle)) - POSTERIOR_MM) / 20.0  # the specs are spread over 20 mm
    plane_mm = POSTERIOR_MM + share * (ANTERIOR_MM - POSTERIOR_MM)
    origin_mm = plane_mm - middle * spec.section_thickness_um / 1000
    pial = load_block(spec.blocks[0]).pial
    near = pial[abs(pial[:, 1] - plane_mm) < 2.0][:, [0, 2]]
    low, high = np.floor(near.min(0) - 3.0), np.ceil(near.max(0) + 3.0)
    (x, z), (width, height) = (low + high) / 2, high - low
    window = Window((float(x), float(z)), float(width), float(height))
    return replace(spec, window=window, origin_mm=origin_mm, pixel_size_um=DRAWN_UM)


def patch_source(folders: Sequence[BrainFolder], settings: SegmentationSettings) -> PatchSource:
    """All sections of all brains, every other brain mirrored, so that the weights suit both hemispheres."""
    sections = [
        mirrored(section) if index % 2 else section
        for index, folder in enumerate(folders)
        for section in (resident(folder, section.number, settings) for section in folder.brain.sections)
    ]
    labels = [section.labels_in_region.values for section in sections]
    names = [" and ".join(areas) for areas in LEARNT]
    centres = BalancedCentres(labels, names, [section.number for section in sections])
    return PatchSource(sections, centres, patch_geometry(settings), settings)


def resident(folder: BrainFolder, number: int, settings: SegmentationSettings) -> ResidentSection:
    """One section with the true outlines of all areas."""
    outlines = folder.truth(number).outlines
    paths = [[outline.paths for outline in outlines if outline.area in areas] for areas in LEARNT]
    return load_resident(folder, number, paths, surroundings_of(settings))


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


def held_out_f1(folder: BrainFolder, model: nn.Module, settings: SegmentationSettings) -> dict[str, float]:
    """F1 of each class of areas over the sections of a brain, without any training on it."""
    predictor = Predictor((Member(ready(model)),), patch_geometry(settings), settings.precision, len(LEARNT))
    confusion = ConfusionMatrix(AREA + len(LEARNT))
    for section in folder.brain.sections:
        labels = resident(folder, section.number, settings).labels_in_region
        region = cropped(PlacedMask(section.number, labels.values != OUTSIDE, labels.grid))
        truth = resample_nearest(labels.values, labels.grid, region.grid, fill=OUTSIDE)
        with folder.pyramid(section.number) as pyramid:
            read = partial(_read, pyramid)
            found = predictor.predict(region, np.ones_like(truth), read, lambda _done, _of: None)
        known = region.mask & (truth < AREA + len(LEARNT))
        confusion.add(truth[known], found.labels[known])
    return {" and ".join(areas): round(confusion.f1(AREA + index), 3) for index, areas in enumerate(LEARNT)}


def _read(pyramid, grid: RasterGrid) -> np.ndarray:  # noqa: ANN001
    return read_at(pyramid, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)


def name_of(settings: SegmentationSettings) -> str:
    """`phantom-ms-unet-v2`: how the weights are called in settings."""
    return f"phantom-{settings.architecture.replace('_', '-')}-v2"


def write_weights(model: nn.Module, name: str) -> None:
    """Convolutions in half precision, to keep the package small; normalisation in float32; one undecided area."""
    known = model.state_dict() | undecided(model.state_dict())
    tensors = {name: value.half() if value.dim() == 4 else value for name, value in known.items()}
    FOLDER.mkdir(exist_ok=True)
    write_tensors(FOLDER / f"{name}.safetensors", tensors, {})


def undecided(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The classifier for one area, undecided between it and other gray matter: both the mean of all gray classes."""
    weight, bias = (tensors[f"{CLASSIFIER}{name}"] for name in ("weight", "bias"))
    gray, count = slice(OTHER_GRAY_MATTER, None), len(bias) - OTHER_GRAY_MATTER
    # Two classes together as likely as all gray ones were.
    mean_weight, mean_bias = weight[gray].mean(0, keepdim=True), bias[gray].mean(0, keepdim=True) + math.log(count / 2)
    return {
        f"{CLASSIFIER}weight": torch.cat([weight[:OTHER_GRAY_MATTER], mean_weight, mean_weight]),
        f"{CLASSIFIER}bias": torch.cat([bias[:OTHER_GRAY_MATTER], mean_bias, mean_bias]),
    }


def write_card(
    settings: SegmentationSettings, arguments: argparse.Namespace, minutes: float, scores: dict[str, dict[str, float]]
) -> None:
    """The model card beside the weights."""
    rows = "\n".join(f"| {brain} | {area} | {score:.2f} |" for brain, found in scores.items() for area, score in found.items())
    parameters = parameter_count(build_model(settings.architecture))
    options = f"--architecture {settings.architecture} --brains {arguments.brains} --iterations {settings.iterations}"
    if arguments.low_encoder is not None:
        options += f" --low-encoder {arguments.low_encoder}"
    text = f"""# {name_of(settings)}

Start weights for local segmentation models, trained on **synthetic tissue on real anatomy**. They are no map
of anything: training on two annotated sections has to follow. Of its classifier only background, white and gray matter are
kept.

- **Network**: `{settings.architecture}`, {parameters:,} parameters, pixel sizes {settings.high_pixel_size_um:g} and
  {settings.low_pixel_size_um:g} µm.
  Stored as safetensors, convolutions in half precision.
- **Learnt from**: {arguments.brains} phantom brains (`core.phantom.start_weight_specs`, shown whole), two sections each,
  left hemisphere of one real subject's surfaces, every other one mirrored; classes background, white matter, other gray
  matter and {len(LEARNT)} of areas: {", ".join(" with ".join(areas) for areas in LEARNT)}. No brain of the right hemisphere was
  used: the demo brain and those that quality is measured on are of the right one, with other seeds and planes.
- **How**: `python scripts/train_start_weights.py FOLDER {options}`.
  Batches of {settings.batch_size} patches with {settings.output_px} px output, centres balanced over the classes, with
  cross-entropy, AdamW and one cycle of the learning rate (peak {PEAK_LEARNING_RATE:g}), then normalisation statistics over
  {RECALIBRATION_BATCHES} batches; intensity variation {settings.intensity_variation:g} times the thesis's;
  {minutes:.0f} minutes on shared cores ({platform.machine()}), {datetime.now(UTC):%Y-%m-%d}.
- **F1 without training on it**, on a phantom brain not learnt from, within {settings.roi_radius_mm:g} mm of the areas:

| brain | area | F1 |
|---|---|---:|
{rows}

- **Limits**: one subject's folding, one way of drawing layers. Whether they help on real stain has not been tested.
- **Licence**: Apache-2.0, as the package; the anatomy's sources are in NOTICE.
"""
    (FOLDER / f"{name_of(settings)}.md").write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where brains and the checkpoint go")
    parser.add_argument("--architecture", choices=list(NETWORKS), default="lr_unet")
    parser.add_argument("--brains", type=int, default=12)
    parser.add_argument("--iterations", type=int, default=1200)
    parser.add_argument("--low-encoder", metavar="NAME", help="packaged LR weights to start the low-resolution encoder from")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
