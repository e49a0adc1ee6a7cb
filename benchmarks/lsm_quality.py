"""How well do local models find areas of different size in two phantom brains, beside shape interpolation?

Example: python -m benchmarks.lsm_quality --work /tmp/quality --json benchmarks/results/lsm_quality.json

One local model for each area and brain (thesis 5.1), trained by the demo preset's settings from packaged start weights on the
two ends of an interval of 2.4 mm, and scored on the sections of the middle third. The goals are about the MS U-Net and bind
each interval; other networks stand beside it. Brains, tissue classes and alignment are made first, and the areas chosen by
their extent alone (benchmarks.lsm_quality_brains). What is done is not done again, so an interrupted measurement goes on;
another folder measures anew.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, run
from benchmarks.lsm_quality_brains import DEMO, ENDS, OTHER, prepared, tested_areas
from brodmann.local_run import interruptible
from core.contracts.presets import PRESETS, variant
from core.contracts.training import Architecture
from core.datasets import BrainFolder
from core.models.factory import NETWORKS
from core.tasks.evaluate import EvaluationInputError, SectionScore
from core.tasks.evaluate_grid import GridPlan, GridRun, ModelScores, evaluate_grid

ITERATIONS = 300
# Five times the demo preset's: chosen on B20, by the loss after 30 iterations (0.002, 0.01, 0.03: 0.96, 0.60, 0.93).
LEARNING_RATE = 0.01
GOALS_ARE_OF: Architecture = "ms_unet"


def figures_of(models: Sequence[ModelScores]) -> list[Figure]:
    """For each network the lowest median of an interval, which the goals are about; the medians over all; each interval's.

    EvaluationInputError when a model could not be trained.
    """
    complete(models)
    figures: list[Figure] = []
    for network in sorted({found.model.architecture for found in models}, key=lambda name: name != GOALS_ARE_OF):
        own = [found for found in models if found.model.architecture == network]
        figures += _figures_of_network(own, goals=network == GOALS_ARE_OF, name=_prefix(network))
    return figures


def complete(models: Sequence[ModelScores]) -> Sequence[ModelScores]:
    """The same models; EvaluationInputError when one could not be trained: without it the others would look too good."""
    failed = [f"{found.model.folder}: {found.failure}" for found in models if found.failure]
    if failed:
        raise EvaluationInputError("there are no figures without " + "; ".join(failed))
    return models


def _prefix(network: Architecture) -> str:
    return "lsm" if network == GOALS_ARE_OF else f"lsm.{network.removesuffix('_unet')}"


def _figures_of_network(models: Sequence[ModelScores], goals: bool, name: str) -> list[Figure]:
    intervals = {f"{found.model.brain}.{area.area}": area.sections for found in models for area in found.areas}
    medians = {interval: _medians(scores) for interval, scores in intervals.items()}
    model_all, interpolation_all = _medians([score for scores in intervals.values() for score in scores])
    least, gain = min(f1 for f1, _ in medians.values()), min(f1 - other for f1, other in medians.values())
    figures = [
        Figure(f"{name}.f1_middle", least, "F1", 0.85 if goals else None, "at least"),
        Figure(f"{name}.gain_over_interpolation", gain, "F1", 0.10 if goals else None, "at least"),
        Figure(f"{name}.f1_middle_all", model_all, "F1"),
        Figure(f"{name}.interpolation_f1_middle_all", interpolation_all, "F1"),
    ]
    for interval, (f1, interpolation) in medians.items():
        figures.append(Figure(f"{name}.f1_middle.{interval}", f1, "F1"))
        figures.append(Figure(f"{name}.interpolation_f1_middle.{interval}", interpolation, "F1"))
    return figures


def _medians(scores: Sequence[SectionScore]) -> tuple[float, float]:
    """Median F1 of the model and of interpolation."""
    return median(score.f1_model for score in scores), median(score.f1_interpolation for score in scores)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Make the brains, train, predict, score."""
    brains = [prepared(spec, options.work) for spec in (DEMO, OTHER)]
    found: list[ModelScores] = []
    with interruptible() as (report, stop_requested):
        for brain in brains:
            networks, iterations = options.network or ["ms_unet", "lr_unet"], 6 if options.quick else options.iterations
            plan = plan_of(brain, networks, iterations, together=not options.each)
            out = options.work / f"grid_{iterations}" / brain.brain.id
            found += evaluate_grid(plan, GridRun((brain,), out, report, stop_requested)).models
    return figures_of(found)


def plan_of(brain: BrainFolder, networks: Sequence[Architecture], iterations: int, together: bool) -> GridPlan:
    """One local model of all the brain's tested areas for each network, or one for each area."""
    settings = PRESETS["demo"].settings.model_copy(update={"learning_rate": LEARNING_RATE})
    return GridPlan(
        areas=tested_areas(brain),
        first=ENDS[0],
        last=ENDS[1],
        spacings=(ENDS[1] - ENDS[0],),
        settings=tuple(variant(settings, network, iterations) for network in networks),
        middle_third=True,
        together=together,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for brains and models, 1 GB")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of training")
    parser.add_argument("--network", choices=list(NETWORKS), action="append", help="repeat for several; MS and LR by default")
    parser.add_argument("--each", action="store_true", help="one model for each area, instead of one of all a brain's areas")
    run(measure, parser)
