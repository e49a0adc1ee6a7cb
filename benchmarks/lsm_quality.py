"""How well do local models find areas of different size in two phantom brains, beside shape interpolation?

Example: python -m benchmarks.lsm_quality --work /tmp/quality --json benchmarks/results/lsm_quality.json

One local model a brain, of all its areas together, is trained by the demo preset (LR U-Net, packaged start weights, with
a few more iterations) on the two ends of an interval of 2.4 mm, and scored on the sections of the middle third.
Brains, tissue classes and alignment are made first (benchmarks.lsm_quality_brains). What is done is not done again, so an
interrupted measurement goes on; another folder measures anew.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, run
from benchmarks.lsm_quality_brains import AREAS, DEMO, ENDS, OTHER, prepared
from brodmann.local_run import stop_on_interrupt
from brodmann.progress import TerminalProgress
from core.contracts.presets import PRESETS, variant
from core.tasks.evaluate import SectionScore
from core.tasks.evaluate_grid import GridPlan, GridResults, GridRun, evaluate_grid

ITERATIONS = 140
Scores = Sequence[SectionScore]


def figures_of(results: GridResults) -> list[Figure]:
    """The lowest median of any area and brain, which the goals are about; medians over all sections, and of each area."""
    by_interval = {f"{found.model.brain}.{area.area}": area.sections for found in results.models for area in found.areas}
    medians = {name: _medians(scores) for name, scores in by_interval.items()}
    everything = _medians([score for scores in by_interval.values() for score in scores])
    figures = [
        Figure("lsm.f1_middle", min(model for model, _ in medians.values()), "F1", 0.85, "at least"),
        Figure("lsm.gain_over_interpolation", min(m - i for m, i in medians.values()), "F1", 0.10, "at least"),
        Figure("lsm.f1_middle_all", everything[0], "F1"),
        Figure("lsm.interpolation_f1_middle_all", everything[1], "F1"),
    ]
    for name, (model, interpolation) in medians.items():
        figures.append(Figure(f"lsm.f1_middle.{name}", model, "F1"))
        figures.append(Figure(f"lsm.interpolation_f1_middle.{name}", interpolation, "F1"))
    return figures


def _medians(scores: Scores) -> tuple[float, float]:
    """Median F1 of the model and of interpolation."""
    return median(score.f1_model for score in scores), median(score.f1_interpolation for score in scores)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Make the brains, train, predict, score."""
    brains = tuple(prepared(spec, options.work) for spec in (DEMO, OTHER))
    settings = variant(PRESETS["demo"].settings, "lr_unet", 6 if options.quick else options.iterations)
    plan = GridPlan(
        areas=AREAS,
        first=ENDS[0],
        last=ENDS[1],
        spacings=(ENDS[1] - ENDS[0],),
        settings=(settings,),
        middle_third=True,
        together=True,
    )
    progress = TerminalProgress()
    with stop_on_interrupt() as stop_requested:
        results = evaluate_grid(plan, GridRun(brains, options.work / f"grid_{settings.iterations}", progress, stop_requested))
    progress.close()
    return figures_of(results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for brains and models, 1 GB")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of training")
    run(measure, parser)
