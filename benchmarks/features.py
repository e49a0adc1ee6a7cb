"""How well areas are told apart by encoders of patches, on two phantom brains to learn from and one held out.

The rows of figure 8.1 that are of patches alone: the base encoder and ResNet50 by cross-entropy, ResNet50 by supervised
contrast; all are scored alike, by a linear classifier on their features, on the test sections and on the brain held out. The
brains and patches are those of `benchmarks.feature_brains`; what is trained already in the folder `--work` is taken as it is,
and what was stopped goes on. `features.order_holds` is told once the graph networks' rows are there too.

Example: python -m benchmarks.features --work /tmp/feature_brains --json benchmarks/results/features.json
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.feature_brains import SETS, TRANSFER, areas_of, feature_brains
from benchmarks.figures import Figure, run
from brodmann.progress import TerminalProgress
from core.contracts.features import ClassifyPatchesParameters, EncoderSettings, FeaturesParameters, PatchSettings
from core.contracts.jobs import JobDefinition, JobParameters
from core.datasets import BrainFolder
from core.inference.patch_features import REPORT_FILE, load_encoder
from core.models.device import choose_device
from core.sampling.patch_sites import TEST, TRAIN, find_sites
from core.sampling.patch_sites import TRANSFER as HELD_OUT
from core.tasks.annotated_brains import annotated_brains
from core.tasks.classify_patches import classified
from core.tasks.context import JobContext
from core.tasks.run_here import ELSEWHERE, all_truth, context, definition_on
from core.tasks.train_features import train_features

MODELS: dict[str, dict[str, str]] = {
    "base_ce": {"encoder": "base", "loss": "cross_entropy"},
    "resnet50_ce": {"encoder": "resnet50", "loss": "cross_entropy"},
    "resnet50_scl": {"encoder": "resnet50", "loss": "supervised_contrastive"},
}
INTENSITY_VARIATION = 0.25
"""The phantom's areas differ in little more than density: of the thesis's ranges a quarter leaves something of that."""
ORDER = (*MODELS, "graph_features", "graph_maps")
"""Of figure 8.1, the worst first."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a machine of one kind can do."""

    brains: str
    patches: PatchSettings
    epochs: int
    batch_size: int
    pass_size: int | None = None


SIZES = {
    "quick": Size(
        "quick", SETS["quick"].patches.model_copy(update={"spacing_mm": 6.0, "patches_per_area": 6}), epochs=1, batch_size=12
    ),
    "small": Size(
        "quick", SETS["quick"].patches.model_copy(update={"spacing_mm": 2.0, "patches_per_area": 24}), epochs=40, batch_size=48
    ),
    "cpu": Size("cpu", SETS["cpu"].patches.model_copy(update={"patches_per_area": 48}), epochs=20, batch_size=96, pass_size=48),
    "gpu": Size("gpu", SETS["gpu"].patches, epochs=60, batch_size=1024, pass_size=128),
}


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Train what is not there, and score everything."""
    size_name = "quick" if options.quick else options.size
    size = SIZES[size_name]
    brains = feature_brains(options.work, size.brains)
    areas = areas_of(brains)
    figures, f1 = [Figure("features.areas", len(areas), "")], {}
    for name, changes in MODELS.items():
        patches, trained = _trained(
            brains, areas, _settings(size, changes), options.work / size.brains / "runs" / size_name / name
        )
        found = _scores(brains, areas, trained)
        f1[name] = found[TEST]
        figures += [
            Figure(f"features.f1_{name}", found[TEST], ""),
            Figure(f"features.transfer_{name}", found[HELD_OUT], ""),
            Figure(f"features.train_{name}", found[TRAIN], ""),
            Figure(f"features.patches_per_s_{name}", patches, "1/s"),
        ]
    return [*figures, *order_figures(f1)]


def order_figures(f1: Mapping[str, float]) -> list[Figure]:
    """Whether each row of figure 8.1 is better than the one before; nothing while a row is missing."""
    if not all(name in f1 for name in ORDER):
        return []
    values = [f1[name] for name in ORDER]
    return [Figure("features.order_holds", float(values == sorted(set(values))), "", 1, "at least")]


def _settings(size: Size, changes: Mapping[str, str]) -> EncoderSettings:
    steps = {"epochs": size.epochs, "batch_size": size.batch_size, "pass_size": size.pass_size}
    varied = {"intensity_variation": INTENSITY_VARIATION}
    return EncoderSettings.model_validate({"patches": size.patches, **steps, **varied, **changes})


def _trained(brains: Sequence[BrainFolder], areas: tuple[str, ...], settings: EncoderSettings, out: Path) -> tuple[float, Path]:
    """Patches per second of the run, and the folder of the encoder."""
    job, surroundings = _job(brains, FeaturesParameters(areas=areas, transfer=(TRANSFER,), settings=settings), out)
    results = surroundings.results
    if not (results / REPORT_FILE).exists():
        train_features(job, surroundings)
    return load_encoder(results, torch.device("cpu"))[1].patches_per_s, out


def _scores(brains: Sequence[BrainFolder], areas: tuple[str, ...], features: Path) -> dict[int, float]:
    """Macro F1 on the patches of training, test and transfer."""
    parameters = ClassifyPatchesParameters(features_job=ELSEWHERE, areas=areas, transfer=(TRANSFER,))
    job, surroundings = _job(brains, parameters, features)
    encoder, trained = load_encoder(surroundings.results, choose_device())
    sites = find_sites(annotated_brains(job, surroundings), areas, (TRANSFER,), trained.settings.patches)
    found = classified(sites, encoder, trained, parameters, surroundings)
    return {split: found.scores(split).macro_f1 for split in (TRAIN, TEST, HELD_OUT)}


def _job(brains: Sequence[BrainFolder], parameters: JobParameters, out: Path) -> tuple[JobDefinition, JobContext]:
    first, *more = brains
    surroundings = context(first.path, out, out, TerminalProgress(), lambda: False)
    others = {brain.brain.id: brain.path for brain in more}
    return definition_on([all_truth(brain) for brain in brains], parameters), replace(surroundings, more_brains=others)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the brains and encoders, kept between runs")
    parser.add_argument(
        "--size",
        choices=("small", "cpu", "gpu"),
        default="cpu",
        help="six areas in minutes, or all on two cores in hours, or on a GPU",
    )
    run(measure, parser)
