"""Texture alone, shape alone, or both: F1 of the demo model over the distance to the nearer training section.

Example: python -m benchmarks.shape_prior --brain data/brains/B20 --work work/lsm-demo --json shape_prior.json

Every section between the two training sections is predicted with several weights of the shape prior (settings.shape_prior;
0 is the model alone) and compared with the truth, beside the interpolated outlines alone. F1 is of the area within the region
of interest. Figures over a distance are means of the sections that far from the nearer training section, which lie on both
sides; the others are over all sections.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from statistics import mean, median

from benchmarks.figures import Figure, run
from benchmarks.lsm_demo import add_options, demo
from core.contracts.training import AREA
from core.tasks.predict_sections import predictor_of
from core.training.metrics import f1_of_masks

WEIGHTS = {"model": 0.0, "half": 0.5, "fused": 1.0, "double": 2.0}
QUICK = ("model", "fused")


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """F1 by way and section."""
    brain = demo(options)
    predictor = predictor_of(brain.model, brain.network)
    ways = {name: WEIGHTS[name] for name in (QUICK if options.quick else WEIGHTS)}
    scores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for held in brain.between(options.quick):
        scores["shape"].append((held.nearer_mm, f1_of_masks(held.truth, held.shape())))
        for name, weight in ways.items():
            found = held.predicted(predictor, weight).labels == AREA
            scores[name].append((held.nearer_mm, f1_of_masks(held.truth, found)))
        print(held.region.section, {name: round(found[-1][1], 3) for name, found in scores.items()}, flush=True)
    return [*_over_all(scores), *_over_distance({name: scores[name] for name in ("model", "shape", "fused")})]


def _over_all(scores: dict[str, list[tuple[float, float]]]) -> list[Figure]:
    rival = {name: median(f1 for _, f1 in found) for name, found in scores.items()}
    figures = []
    for name, found in scores.items():
        goal = max(rival["model"], rival["shape"]) if name == "fused" else None
        figures.append(Figure(f"shape_prior.{name}_median", rival[name], "F1", goal, "at least"))
        figures.append(Figure(f"shape_prior.{name}_mean", mean(f1 for _, f1 in found), "F1"))
        figures.append(Figure(f"shape_prior.{name}_worst", min(f1 for _, f1 in found), "F1"))
    return figures


def _over_distance(scores: dict[str, list[tuple[float, float]]]) -> list[Figure]:
    distances = sorted({round(apart_mm, 2) for apart_mm, _ in scores["shape"]})
    return [
        Figure(f"{name}_at_{apart:.1f}_mm", mean(f1 for apart_mm, f1 in found if round(apart_mm, 2) == apart), "F1")
        for apart in distances
        for name, found in scores.items()
    ]


if __name__ == "__main__":
    run(measure, add_options(argparse.ArgumentParser(prog="python -m benchmarks.shape_prior", description=__doc__)))
