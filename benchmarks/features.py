"""How well areas are told apart, from patches alone to graphs, on two phantom brains to learn from and one held out.

The rows of figure 8.1: the base encoder and ResNet50 by cross-entropy, ResNet50 by supervised contrast, and two graph networks
on the last one's features, the second with coordinates and probabilistic maps besides. Encoders are scored by a linear
classifier on their features, on the patches of the test sections and of the brain held out; graphs at the same places. The
brains are those of `benchmarks.feature_brains` and `benchmarks.feature_space`. What is done already in the folder `--work` is
taken as it is, and what was stopped goes on; `--only` does some rows, so that several processes can share the work, and ends.

`--choose` tries learning rates, `--batches` each of them with batches of several sizes: encoders learn from the training
sections but each fifth, which judges. Nothing is chosen on test sections or on the brain held out.

Example: python -m benchmarks.features --work /tmp/feature_brains --json benchmarks/results/features.json
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from benchmarks.feature_brains import SETS, TRANSFER, areas_of, feature_brains
from benchmarks.feature_graphs import GRAPHS, GraphRuns, GraphSize, at_sites
from benchmarks.feature_space import place_in_reference
from benchmarks.figures import Figure, run
from brodmann.progress import TerminalProgress
from core.contracts.features import ClassifyPatchesParameters, EncoderSettings, FeaturesParameters, PatchSettings
from core.contracts.graphs import GraphSettings, MidsurfaceParameters
from core.contracts.jobs import BrainInputs, JobDefinition, JobParameters
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.inference.patch_features import REPORT_FILE, load_encoder
from core.models.device import choose_device
from core.sampling.patch_sites import TEST, TRAIN, AnnotatedBrain, PatchSites, find_sites, section_splits
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
ENCODER_OF_GRAPHS = "resnet50_scl"
INTENSITY_VARIATION = 0.25
"""The phantom's areas differ in little more than density: of the thesis's ranges a quarter leaves something of that."""
ORDER = (*MODELS, *GRAPHS)
"""Of figure 8.1, the worst first."""
SCORES_FILE = "scores.json"
NEAR_UM = 1000.0
Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Size:
    """What a machine of one kind can do. `own` are settings that a row has for itself."""

    brains: str
    patches: PatchSettings
    epochs: int
    batch_size: int
    pass_size: int | None = None
    own: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    graphs: GraphSize | None = None


GRAPHS_ON_CPU = GraphSize(
    MidsurfaceParameters(voxel_um=500.0, edge_um=1500.0),
    GraphSettings(width=128, feature_components=128, epochs=20, batch_size=1024, learning_rate=0.1),
)
SIZES = {
    "quick": Size(
        "quick", SETS["quick"].patches.model_copy(update={"spacing_mm": 6.0, "patches_per_area": 6}), epochs=1, batch_size=12
    ),
    "small": Size(
        "quick", SETS["quick"].patches.model_copy(update={"spacing_mm": 2.0, "patches_per_area": 24}), epochs=40, batch_size=48
    ),
    "cpu": Size(
        "cpu",
        PatchSettings(pixel_size_um=16.0, patch_px=128, spacing_mm=2.0, patches_per_area=24),
        epochs=60,
        batch_size=44,
        own={"resnet50_ce": {"batch_size": 88}, "resnet50_scl": {"batch_size": 176}},
        graphs=GRAPHS_ON_CPU,
    ),
    "gpu": Size(
        "gpu",
        SETS["gpu"].patches,
        epochs=60,
        batch_size=1024,
        pass_size=128,
        graphs=GraphSize(MidsurfaceParameters(voxel_um=500.0, edge_um=1000.0), GraphSettings(learning_rate=0.1)),
    ),
}


@dataclass(frozen=True, slots=True)
class Work:
    """What all rows share: the brains with their outlines, the areas, and the folder that holds a folder for each row."""

    brains: tuple[BrainFolder, ...]
    inputs: tuple[BrainInputs, ...]
    areas: tuple[str, ...]
    transfer: tuple[str, ...]
    size: Size
    runs: Path

    def row(self, name: str) -> Row:
        """Macro F1 of a row by split, and what else is told of it; computed where it is not there yet."""
        file = self.runs / name / SCORES_FILE
        if not file.exists():
            found = self._of_encoder(name) if name in MODELS else self._of_graph(name)
            write_atomically(file, json.dumps(found).encode())
        known: Row = json.loads(file.read_text())
        return known

    def _of_encoder(self, name: str) -> Row:
        settings = settings_of(self.size, name)
        job, surroundings = self._job(FeaturesParameters(areas=self.areas, transfer=self.transfer, settings=settings), name)
        if not (surroundings.results / REPORT_FILE).exists():
            train_features(job, surroundings)
        parameters = ClassifyPatchesParameters(features_job=ELSEWHERE, areas=self.areas, transfer=self.transfer)
        job, surroundings = self._job(parameters, name)
        encoder, trained = load_encoder(surroundings.results, choose_device())
        sites = find_sites(annotated_brains(job, surroundings), self.areas, self.transfer, settings.patches)
        found = classified(sites, encoder, trained, parameters, surroundings)
        scores = {split: found.scores(split).macro_f1 for split in (TRAIN, TEST, HELD_OUT)}
        return _told(scores) | {"patches_per_s": trained.patches_per_s}

    def _of_graph(self, name: str) -> Row:
        assert self.size.graphs is not None
        place_in_reference(self.brains, SETS[self.size.brains].blocks)
        common = GraphRuns(self.brains, self.areas, self.transfer, self.runs, ENCODER_OF_GRAPHS, self.size.graphs)
        sites = self.sites()
        found = at_sites(common.trained(name), sites)
        near = float((found.distance_um <= NEAR_UM).mean())
        return _told({split: found.macro_f1(sites, split) for split in (TRAIN, TEST, HELD_OUT)}) | {"near": near}

    def sites(self) -> PatchSites:
        """Where patches are taken, and where rows are scored."""
        drawn = [AnnotatedBrain(brain, own.annotations) for brain, own in zip(self.brains, self.inputs, strict=True)]
        return find_sites(drawn, self.areas, self.transfer, self.size.patches)

    def _job(self, parameters: JobParameters, name: str) -> tuple[JobDefinition, JobContext]:
        out = self.runs / name
        return definition_on(self.inputs, parameters), context(self.brains, out, out, TerminalProgress(), lambda: False)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Do what is not done, and tell everything."""
    size_name = "quick" if options.quick else options.size
    size = SIZES[size_name]
    brains = tuple(feature_brains(options.work, size.brains))
    areas, runs = areas_of(brains), options.work / size.brains / "runs" / size_name
    if options.choose is not None:
        return _choices(Work(brains[:-1], (), areas, (), size, runs), options)
    work = Work(brains, tuple(all_truth(brain) for brain in brains), areas, (TRANSFER,), size, runs)
    rows = {name: work.row(name) for name in options.only or (ORDER if size.graphs else MODELS)}
    sites = work.sites()
    counts = {"areas": len(areas), "test_patches": len(sites.of(TEST)), "transfer_patches": len(sites.of(HELD_OUT))}
    figures = [Figure(f"features.{name}", count, "") for name, count in counts.items()]
    for name, row in rows.items():
        figures += [
            Figure(f"features.f1_{name}", row["test"], ""),
            Figure(f"features.transfer_{name}", row["transfer"], ""),
            Figure(f"features.train_{name}", row["train"], ""),
        ]
        if "near" in row:
            figures.append(Figure(f"features.near_{name}", row["near"], ""))
    return [*figures, *order_figures({name: row["test"] for name, row in rows.items()})]


def order_figures(f1: Mapping[str, float]) -> list[Figure]:
    """Whether each row of figure 8.1 is better than the one before; nothing while a row is missing."""
    if not all(name in f1 for name in ORDER):
        return []
    values = [f1[name] for name in ORDER]
    return [Figure("features.order_holds", float(values == sorted(set(values))), "", 1, "at least")]


def settings_of(size: Size, name: str) -> EncoderSettings:
    """How the encoder of a row is trained: all alike but for what the row is about, and its own settings."""
    values = {
        "patches": size.patches,
        "epochs": size.epochs,
        "batch_size": size.batch_size,
        "pass_size": size.pass_size,
        "intensity_variation": INTENSITY_VARIATION,
    }
    return EncoderSettings.model_validate({**values, **MODELS[name], **size.own.get(name, {})})


def only_training(brain: BrainFolder, test_every: int) -> BrainInputs:
    """The outlines of a brain without those of its test sections: divided again, what settings are chosen on."""
    everything = all_truth(brain)
    splits = section_splits(sorted({each.section for each in everything.annotations}), test_every, held_out=False)
    kept = tuple(each for each in everything.annotations if splits[each.section] == TRAIN)
    return everything.model_copy(update={"annotations": kept})


def _choices(work: Work, options: argparse.Namespace) -> list[Figure]:
    """F1 of encoders by learning rate and batch, on sections held out of those of training."""
    inputs = tuple(only_training(brain, work.size.patches.test_every) for brain in work.brains)
    figures = []
    batches = options.batches or [work.size.batch_size]
    names = [name for name in options.only or MODELS if name in MODELS]
    for rate, batch, name in product(options.choose, batches, names):
        own = {name: {"learning_rate": rate, "batch_size": batch}}
        size = replace(work.size, own=own, epochs=options.epochs or work.size.epochs)
        runs = work.runs / f"choose_{rate:g}_{batch}_{size.epochs}"
        row = replace(work, inputs=inputs, size=size, runs=runs).row(name)
        figures.append(Figure(f"features.choose_{name}_{rate:g}_{batch}", row["test"], ""))
    return figures


def _told(scores: Mapping[int, float]) -> Row:
    return {"train": scores[TRAIN], "test": scores[TEST], "transfer": scores[HELD_OUT]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the brains and runs, kept between runs")
    parser.add_argument(
        "--size",
        choices=("small", "cpu", "gpu"),
        default="cpu",
        help="six areas in minutes and no graphs, or all on two cores in hours, or on a GPU",
    )
    parser.add_argument("--only", nargs="+", choices=ORDER, help="these rows alone")
    parser.add_argument("--choose", nargs="+", type=float, metavar="RATE", help="try learning rates, telling nothing else")
    parser.add_argument("--batches", nargs="+", type=int, metavar="PATCHES", help="of --choose, each with each rate")
    parser.add_argument("--epochs", type=int, help="of --choose")
    run(measure, parser)
