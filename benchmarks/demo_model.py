"""The demo preset on the demo brain, tissue and alignment computed: seconds of each step, F1 beside shape interpolation."""

import shutil
import time
from pathlib import Path

from benchmarks.figures import Figure
from brodmann.demo import build_phantom
from brodmann.local_run import context
from core.anatomy.series import align_brain
from core.anatomy.tissue import section_classes
from core.contracts.presets import PRESETS
from core.contracts.training import PredictParameters, TrainParameters
from core.datasets import BrainFolder, write_alignment, write_tissue
from core.phantom.presets import ANNOTATED_SECTIONS, AREA
from core.tasks.evaluate import evaluate
from core.tasks.predict_sections import predict
from core.tasks.run_here import ELSEWHERE, definition, truth_annotations
from core.tasks.train_segmentation import train


def demo_model_figures(brain: Path, work: Path) -> list[Figure]:
    """Train, predict and score in the folder `work`; a phantom is built where there is no `brain`."""
    if not brain.exists():
        brain.parent.mkdir(parents=True, exist_ok=True)
        build_phantom(brain.resolve(), "demo")
    shutil.rmtree(work, ignore_errors=True)
    derived = derive(brain)
    dataset = BrainFolder(brain.resolve())
    first, last = ANNOTATED_SECTIONS
    annotations = truth_annotations(dataset, (AREA,), ANNOTATED_SECTIONS)
    between = tuple(section.number for section in dataset.brain.sections if first < section.number < last)
    training = TrainParameters(areas=(AREA,), sections=ANNOTATED_SECTIONS, settings=PRESETS["demo"].settings)
    prediction = PredictParameters(model_job=ELSEWHERE, sections=between)
    started = time.perf_counter()
    with context([dataset], work / "model", work / "model") as surroundings:
        train(definition(dataset, training, annotations), surroundings)
    trained = time.perf_counter()
    with context([dataset], work / "predictions", work / "model") as surroundings:
        predict(definition(dataset, prediction, annotations), surroundings)
    predicted = time.perf_counter()
    folders = (work / "model" / "results", work / "predictions" / "results" / "predictions")
    scores = evaluate(brain, *folders, work / "worst.png")
    interpolation = scores.middle_median_f1_interpolation or 0.0
    return [
        *derived,
        Figure("lsm.demo_train_s", trained - started, "s", 300.0),
        Figure("lsm.demo_predict_s", predicted - trained, "s", 60.0),
        Figure("lsm.demo_f1_middle", scores.middle_median_f1_model or 0.0, "F1", max(0.75, interpolation), "at least"),
        Figure("lsm.demo_interpolation_f1_middle", interpolation, "F1"),
    ]


def derive(brain: Path) -> list[Figure]:
    """Compute tissue classes and alignment anew from the images, as the jobs do, and write them into the dataset."""
    folder = BrainFolder(brain)
    started = time.perf_counter()
    for section in folder.brain.sections:
        labels, grid = section_classes(folder, section.number)
        write_tissue(brain, folder.brain.id, section.number, labels, grid)
    tissue = time.perf_counter()
    write_alignment(brain, align_brain(folder, [section.number for section in folder.brain.sections[:-1]]))
    return [
        Figure("lsm.demo_tissue_s", tissue - started, "s"),
        Figure("lsm.demo_align_s", time.perf_counter() - tissue, "s"),
    ]
