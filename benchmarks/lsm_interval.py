"""One interval from end to end on a GPU, as the page's two jobs do it: train on its ends, predict what lies between.

Example: python -m benchmarks.lsm_interval --work /tmp/interval --json benchmarks/results/lsm_interval.json

The demo brain's interval drawn at 2 µm, the thesis's pixel size; of its 121 sections every twentieth, seven in all, with
their true tissue classes and alignment. With --quick 300 iterations are done, which is no measure of a training's time.
`predict.interval_s` is the time of the predicted sections, scaled to the 119 in between. Reading, computing and writing a
section are timed apart too, each alone: in a prediction they overlap.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.figures import Figure, run
from benchmarks.lsm_quality_brains import DEMO, ENDS
from brodmann.progress import TerminalProgress
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import Progress
from core.contracts.presets import PRESETS
from core.contracts.training import PredictParameters, TrainParameters
from core.datasets import BrainFolder
from core.datasets.open_section import open_section
from core.datasets.truth import adopt_truth
from core.imaging.sections import read_at
from core.inference.predict import READERS
from core.inference.tiles import plan_tiles
from core.phantom.assemble import build_brain
from core.phantom.presets import AREA
from core.sampling.labels import resample_nearest
from core.tasks.evaluate import evaluate
from core.tasks.model_files import load_model
from core.tasks.predict_sections import FOLDER, enlarged_regions, predict, predictor_of, section_region
from core.tasks.prediction_files import of_area, write_prediction
from core.tasks.run_here import ELSEWHERE, context, definition, truth_annotations
from core.tasks.train_segmentation import train
from core.training.course import PHASE

BETWEEN_SECTIONS = 119
NUMBERS = tuple(range(ENDS[0], ENDS[1] + 1, 20))
FINE = replace(DEMO, brain_id="G20", title="The demo brain's interval at 2 µm", numbers=NUMBERS, pixel_size_um=2.0)


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Seconds of both jobs, what a section takes, and how well the area was found."""
    if not torch.cuda.is_available():
        sys.exit("no GPU here: nothing was measured; run this on a machine with one")
    brain = _drawn(options.work / FINE.brain_id)
    iterations = 300 if options.quick else PRESETS["standard"].settings.iterations
    trained, predicted = (options.work / f"{kind}_{iterations}" for kind in ("train", "predict"))
    train_s, iterations_s = _train(brain, iterations, trained)
    between = tuple(number for number in NUMBERS if ENDS[0] < number < ENDS[1])
    predict_s = _predict(brain, between, trained, predicted)
    rasters = predicted / "results" / FOLDER
    found = evaluate(brain.path, trained / "results", rasters)
    training = [Figure("train.iterations_3000_s", iterations_s, "s", 360.0), Figure("train.job_s", train_s, "s")]
    return [
        *([] if options.quick else training),
        Figure("predict.section_s", predict_s / len(between), "s"),
        Figure("predict.interval_s", predict_s / len(between) * BETWEEN_SECTIONS, "s", 120.0),
        *_apart(brain, between[len(between) // 2], trained, options.work),
        Figure("interval.f1_median", found.median_f1_model, "F1"),
        Figure("interval.interpolation_f1_median", found.median_f1_interpolation, "F1"),
    ]


def _train(brain: BrainFolder, iterations: int, out: Path) -> tuple[float, float]:
    """Seconds of the whole job, and of its iterations with what compiling the network takes."""
    settings = PRESETS["standard"].settings.model_copy(update={"iterations": iterations})
    parameters = TrainParameters(areas=(AREA,), sections=ENDS, settings=settings)
    job = definition(brain, parameters, truth_annotations(brain, (AREA,), ENDS))
    progress = TerminalProgress()
    told: list[tuple[float, Progress]] = []

    def report(line: Progress) -> None:
        told.append((time.perf_counter(), line))
        progress(line)

    started = time.perf_counter()
    train(job, context([brain], out, out, report, lambda: False))
    ended = time.perf_counter()
    progress.close()
    begun = max(at_s for at_s, line in told if line.phase.startswith("reading"))
    learnt = max(at_s for at_s, line in told if line.phase == PHASE)
    return ended - started, learnt - begun


def _drawn(place: Path) -> BrainFolder:
    """The brain, drawn where it is not there yet."""
    if not (place / "brain.json").exists():
        build_brain(place, FINE, TerminalProgress(), workers=os.cpu_count() or 1)
        adopt_truth(place)
    return BrainFolder(place)


def _predict(brain: BrainFolder, sections: tuple[int, ...], trained: Path, out: Path) -> float:
    job = definition(brain, PredictParameters(model_job=ELSEWHERE, sections=sections))
    started = time.perf_counter()
    predict(job, context([brain], out, trained, lambda line: None, lambda: False))
    return time.perf_counter() - started


def _apart(brain: BrainFolder, number: int, trained: Path, work: Path) -> list[Figure]:
    """One section's region, and its reading, computing and writing, each alone."""
    model, network = load_model(trained / "results")
    predictor = predictor_of(model, network)
    region = section_region(brain, list(enlarged_regions(brain, model).values()), number)
    tissue, tissue_grid = brain.tissue(number)
    inside = resample_nearest(tissue, tissue_grid, region.grid, fill=0)
    tiles = plan_tiles(region, predictor.tile_px, predictor.geometry.phase_px)
    windows = [window.grid(tile.grid) for tile in tiles for window in predictor.geometry.inputs.values()]
    with open_section(brain, number) as section, ThreadPoolExecutor(READERS) as pool:

        def read(grid: RasterGrid) -> object:
            return read_at(section, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)

        started = time.perf_counter()
        images = dict(zip(windows, pool.map(read, windows), strict=True))
        read_s = time.perf_counter() - started
    compute = partial(predictor.predict, region, inside, images.__getitem__, lambda done, of: None)  # type: ignore[arg-type]
    compute()
    started = time.perf_counter()
    found = compute()
    compute_s = time.perf_counter() - started
    folder = work / "written"
    folder.mkdir(exist_ok=True)
    started = time.perf_counter()
    write_prediction(folder, number, AREA, of_area(found, 0))
    write_s = time.perf_counter() - started
    region_cm2 = float(region.mask.sum()) * (region.grid.pixel_size_um / 1e4) ** 2
    return [
        Figure("predict.region_cm2", region_cm2, "cm²"),
        Figure("predict.read_s", read_s, "s"),
        Figure("predict.compute_s", compute_s, "s"),
        Figure("predict.compute_cm2_per_s", region_cm2 / compute_s, "cm²/s"),
        Figure("predict.write_s", write_s, "s"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the brain, the model and the predictions, 2 GB")
    run(measure, parser)
