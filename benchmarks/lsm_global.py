"""Is one global model of three annotated sections as good as two local ones of two sections each (thesis 5.2.1, table 5.1)?

Example: python -m benchmarks.lsm_global --work /tmp/quality --json benchmarks/results/lsm_global.json

The brains, areas and settings of benchmarks.lsm_quality with the LR U-Net; annotated are the ends of its interval and the
section halfway. `lsm` are two models, one for each half, `gsm` is one model trained as long as one of them, and `gsm_long` one
trained as long as both together. Scored are the sections in the middle third of each half. What is done is not done again,
so an interrupted measurement goes on; another folder measures anew.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import mean, median

from benchmarks.figures import Figure, run
from benchmarks.lsm_quality import complete, plan_of
from benchmarks.lsm_quality_brains import DEMO, ENDS, OTHER, prepared
from brodmann.local_run import interruptible
from core.datasets import BrainFolder
from core.tasks.evaluate import SectionScore
from core.tasks.evaluate_grid import GridPlan, GridRun, ModelScores, Paradigm, evaluate_grid

ITERATIONS = 120
SPACING = (ENDS[1] - ENDS[0]) // 2
METHODS: dict[str, tuple[Paradigm, int]] = {"lsm": ("lsm", 1), "gsm": ("gsm", 1), "gsm_long": ("gsm", 2)}
"""Paradigm, and how many times the iterations of one local model each of its models is trained."""


def figures_of(found: Mapping[str, Sequence[ModelScores]]) -> list[Figure]:
    """For each method F1 and border distance over all sections, and the median F1 of each area of each brain.

    Interpolation is that of the first method's sections. EvaluationInputError when a model could not be trained.
    """
    figures: list[Figure] = []
    for name, models in found.items():
        areas = _by_area(complete(models))
        scores = [score for group in areas.values() for score in group]
        figures += [
            *_overall(f"gsm.{name}", [s.f1_model for s in scores], [s.border_um_model for s in scores]),
            *(Figure(f"gsm.{name}.f1.{area}", median(s.f1_model for s in group), "F1") for area, group in areas.items()),
        ]
    areas = _by_area(next(iter(found.values())))
    scores = [score for group in areas.values() for score in group]
    name = "gsm.interpolation"
    return [
        *figures,
        *_overall(name, [s.f1_interpolation for s in scores], [s.border_um_interpolation for s in scores]),
        *(Figure(f"{name}.f1.{area}", median(s.f1_interpolation for s in group), "F1") for area, group in areas.items()),
    ]


def _by_area(models: Sequence[ModelScores]) -> dict[str, list[SectionScore]]:
    """All scores of each area of each brain, whichever model they are of."""
    found: dict[str, list[SectionScore]] = {}
    for entry in models:
        for area in entry.areas:
            found.setdefault(f"{entry.model.brain}.{area.area}", []).extend(area.sections)
    return found


def _overall(name: str, f1: Sequence[float], borders_um: Sequence[float | None]) -> list[Figure]:
    found_um = [each for each in borders_um if each is not None]
    return [
        Figure(f"{name}.f1_median", median(f1), "F1"),
        Figure(f"{name}.f1_mean", mean(f1), "F1"),
        Figure(f"{name}.f1_least", min(f1), "F1"),
        *([Figure(f"{name}.border_median", median(found_um), "µm")] if found_um else []),
    ]


def plan_for(brain: BrainFolder, method: str, iterations: int) -> GridPlan:
    """The models of one method on one brain; `iterations` are those of one local model."""
    paradigm, times = METHODS[method]
    plan = plan_of(brain, ["lr_unet"], times * iterations, together=True)
    return plan.model_copy(update={"spacings": (SPACING,), "paradigms": (paradigm,)})


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Make the brains, train, predict, score."""
    brains = [prepared(spec, options.work) for spec in (DEMO, OTHER)]
    iterations = 6 if options.quick else options.iterations
    found: dict[str, list[ModelScores]] = {}
    with interruptible() as (report, stop_requested):
        for brain, method in product(brains, options.method or METHODS):
            plan = plan_for(brain, method, iterations)
            out = options.work / f"global_{plan.settings[0].iterations}"
            found.setdefault(method, []).extend(evaluate_grid(plan, GridRun((brain,), out, report, stop_requested)).models)
    return figures_of(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for brains and models, 1 GB")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of training one local model")
    parser.add_argument("--method", choices=list(METHODS), action="append", help="repeat for several; all by default")
    run(measure, parser)
