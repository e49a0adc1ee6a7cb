"""Do confidence and doubt of the demo model's predictions mean something? Compared with the truth of the demo brain.

Example: python -m benchmarks.lsm_confidence --brain data/brains/B20 --work work/lsm-demo --json lsm_confidence.json

All sections between the two training sections, with shape prior and calibration as the product predicts. Expected calibration
error (15 bins): over all pixels of the regions of interest, the four classes; once more without the temperature, and as the
model's report has it on the held-out blocks. Doubt of a pixel given to the area is 1 minus its probability: of the pixels given
to the area on all sections, how much of what is wrong lies in the most doubtful fifth? The same for wrong pixels of both kinds,
missed ones too, among the most doubtful pixels of the regions, as many as a fifth of the area. Doubt of a section: its rank
correlation with 1 − F1. Doubt of border stretches: the mean distance to the true border (within the gray matter's outline as
drawn) of the most doubtful fifth of all stretches and of the others.

With --members N further models of other seeds are trained (in the folders seed_1, ... of WORK) and predict together with the
first: the same figures of 2, ... N of them.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.figures import Figure, run
from benchmarks.lsm_demo import Demo, Held, add_options, demo, trained
from core.contracts.training import AREA, ModelReport, SectionPrediction
from core.geometry.frames import um_to_px
from core.geometry.interpolation import signed_distance_px
from core.inference.predict import Predictor, RegionPrediction
from core.phantom.presets import AREA as AREA_NAME
from core.tasks.model_files import REPORT_FILE
from core.tasks.predict_sections import predictor_of
from core.tasks.prediction_files import describe
from core.training.calibration import expected_calibration_error, reliability_of
from core.training.metrics import f1_of_masks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Looked:
    """One section: pixels' confidence and whether the class was right, doubts and errors of the area, of stretches."""

    confidence: Floats
    right: NDArray[np.bool_]
    doubt: Floats
    area: NDArray[np.bool_]
    area_wrong: NDArray[np.bool_]
    stretches: Floats
    f1: float
    section_doubt: float


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """All figures."""
    brain = demo(options)
    calibrated = predictor_of(brain.model, brain.network)
    report = ModelReport.model_validate_json((options.work / "results" / REPORT_FILE).read_text(encoding="utf-8"))
    looked = _look(brain, calibrated, options.quick)
    plain = None if options.quick else _look(brain, _uncalibrated(calibrated), quick=False)
    figures = [
        Figure("lsm.ece", shared_ece(looked), "", 0.05),
        Figure("lsm.doubt_top20_share", top_share(looked, missed_too=False), "", 0.5, "at least"),
        Figure("lsm.doubt_top20_share_with_missed", top_share(looked, missed_too=True), ""),
        Figure("lsm.doubt_rank_correlation", rank_correlation(looked), ""),
        Figure("lsm.f1_between", float(np.mean([one.f1 for one in looked])), "F1"),
        *border_figures(looked),
    ]
    if plain is not None:
        figures.append(Figure("lsm.ece_uncalibrated", shared_ece(plain), ""))
    if report.calibration is not None:
        figures += [
            Figure("lsm.temperature", report.calibration.temperature, ""),
            Figure("lsm.held_out_ece_before", report.calibration.ece_before, ""),
            Figure("lsm.held_out_ece_after", report.calibration.ece_after, ""),
        ]
    return figures + _together(brain, options)


def _together(brain: Demo, options: argparse.Namespace) -> list[Figure]:
    """Figures of two models and more that predict together."""
    others, figures = [], []
    for seed in range(1, options.members):
        others.append(trained(brain.folder, options.work / f"seed_{seed}", seed))
        looked = _look(brain, predictor_of(brain.model, brain.network, others), options.quick)
        figures += [
            Figure(f"lsm.ece_of_{seed + 1}", shared_ece(looked), ""),
            Figure(f"lsm.doubt_top20_share_of_{seed + 1}", top_share(looked, missed_too=False), ""),
            Figure(f"lsm.doubt_top20_share_with_missed_of_{seed + 1}", top_share(looked, missed_too=True), ""),
            Figure(f"lsm.f1_of_{seed + 1}", float(np.mean([one.f1 for one in looked])), "F1"),
        ]
    return figures


def _uncalibrated(predictor: Predictor) -> Predictor:
    return replace(predictor, members=tuple(replace(member, temperature=1.0) for member in predictor.members))


def _look(brain: Demo, predictor: Predictor, quick: bool) -> list[Looked]:
    weight = brain.model.settings.shape_prior
    return [_looked(held, held.predicted(predictor, weight)) for held in brain.between(quick)]


def _looked(held: Held, found: RegionPrediction) -> Looked:
    inside = held.region.mask
    area = found.labels == AREA
    document = describe(held.region.section, AREA_NAME, found)
    probability = found.probabilities[0][inside] / 255
    return Looked(
        confidence=found.confidence[inside] / 255,
        right=(found.labels == held.classes)[inside],
        doubt=1 - np.where(area[inside], probability, 1 - probability),
        area=area[inside],
        area_wrong=(area != (held.classes == AREA))[inside],
        stretches=_stretches(document, held),
        f1=f1_of_masks(held.truth, area),
        section_doubt=document.doubt,
    )


def _stretches(document: SectionPrediction, held: Held) -> Floats:
    """Doubt and mean distance to the true border (µm) of each stretch, (n, 2)."""
    far_um = np.abs(signed_distance_px(held.classes == AREA)) * held.region.grid.pixel_size_um
    rows = []
    for stretch in document.border:
        places = np.rint(um_to_px(np.array(stretch.points), held.region.grid.pixel_size_um, held.region.grid.origin_um)).astype(
            int
        )
        x, y = (places[:, axis].clip(0, far_um.shape[1 - axis] - 1) for axis in (0, 1))
        rows.append((stretch.doubt, float(far_um[y, x].mean())))
    return np.array(rows, np.float64).reshape(-1, 2)


def shared_ece(looked: Sequence[Looked]) -> float:
    """Expected calibration error over the pixels of all sections together."""
    confidence, right = (np.concatenate(parts) for parts in zip(*((one.confidence, one.right) for one in looked), strict=True))
    return expected_calibration_error(reliability_of(confidence, right))


def top_share(looked: Sequence[Looked], missed_too: bool) -> float:
    """Share of the area's wrong pixels, on all sections, among the most doubtful ones, as many as a fifth of the area."""
    doubt, wrong, area = (
        np.concatenate(parts) for parts in zip(*((one.doubt, one.area_wrong, one.area) for one in looked), strict=True)
    )
    count = int(area.sum()) // 5
    if not missed_too:
        doubt, wrong = doubt[area], wrong[area]
    worst = np.argsort(-doubt, kind="stable")[:count]
    return float(wrong[worst].sum() / max(1, wrong.sum()))


def rank_correlation(looked: Sequence[Looked]) -> float:
    """Spearman's, of the sections' doubt with 1 − F1."""
    return float(spearmanr([one.section_doubt for one in looked], [1 - one.f1 for one in looked]).statistic)


def border_figures(looked: Sequence[Looked]) -> list[Figure]:
    """How far stretches lie from the true border, doubtful ones and others."""
    stretches = np.concatenate([one.stretches for one in looked])
    ordered = stretches[np.argsort(-stretches[:, 0], kind="stable"), 1]
    fifth = max(1, len(ordered) // 5)
    return [
        Figure("lsm.border_doubtful_fifth_um", float(ordered[:fifth].mean()), "µm"),
        Figure("lsm.border_others_um", float(ordered[fifth:].mean()), "µm"),
    ]


if __name__ == "__main__":
    parser = add_options(argparse.ArgumentParser(prog="python -m benchmarks.lsm_confidence", description=__doc__))
    parser.add_argument("--members", type=int, default=1, help="models that predict together, at most")
    run(measure, parser)
