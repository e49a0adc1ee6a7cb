"""Train and score many encoders of patches: the experiments of thesis 6.2.1 to 6.2.5 on brains whose truth is known.

An encoder is trained once whatever experiments want it; one that has its report is not trained again, one that was killed goes
on from its checkpoint. All are scored alike: a linear classifier on frozen features, macro F1 on test and transfer patches.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from core.contracts.base import Contract, Identifier, Moment, Sha256
from core.contracts.features import (
    Areas,
    ClassificationReport,
    ClassifyPatchesParameters,
    EncoderSettings,
    FeaturesParameters,
    Share,
)
from core.contracts.jobs import JobDefinition, Progress
from core.datasets import BrainFolder
from core.inference.patch_features import REPORT_FILE as FEATURES_FILE
from core.sampling.patch_sites import NoPatchesError
from core.sampling.site_places import PlacesError
from core.tasks.classify_patches import REPORT_FILE, classify_patches
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError
from core.tasks.evaluate_grid import RESULTS_FILE, SCORES_FILE, GridRun
from core.tasks.feature_experiments import EXPERIMENTS, RECOMPUTED, SIZES, Experiment, GridSize, Variation
from core.tasks.model_files import write_text
from core.tasks.run_here import ELSEWHERE, all_truth, context, definition_on
from core.tasks.train_features import train_features
from core.training.course import TrainingDivergedError

EXPECTED = (NoPatchesError, PlacesError, TrainingDivergedError)
"""What can be wrong with one encoder and not with others."""
_DRAW = 6
"""Sets the random numbers of chosen areas apart."""


class FeatureGridPlan(Contract):
    """Which experiments, on what."""

    areas: Areas
    transfer: str = Field(description="the brain held out, but where each is in turn")
    experiments: tuple[str, ...] = Field(min_length=1)
    size: str = "demo"


class Trial(Contract):
    """An encoder and how it is scored; the job it reads is `ELSEWHERE`. `data` is the SHA-256 of brains and outlines."""

    features: FeaturesParameters
    classify: ClassifyPatchesParameters
    data: Sha256

    @property
    def encoder_folder(self) -> Path:
        """Where the encoder lies, relative to the grid's folder: the same for trials that share it."""
        settings = self.features.settings
        name = f"{settings.encoder}_{settings.loss}_{settings.patches.patch_px}px"
        return Path("encoders") / f"{name}_{_short(self.features, self.data)}"

    @property
    def folder(self) -> Path:
        """Where its scores lie, relative to the grid's folder."""
        return self.encoder_folder / f"classes_{_short(self.classify)}"


class TrialScores(Contract):
    """`scores.json` of one trial: macro F1, or in `failure` why there is none."""

    trial: Trial
    train: Share | None = None
    test: Share | None = None
    transfer: Share | None = None
    seconds: NonNegativeFloat = Field(description="that the run took which ended it; encoders that were there take none")
    failure: str = ""


class GridRow(Contract):
    """A trial's place in an experiment."""

    experiment: Identifier
    label: str
    value: float | None = None
    repetition: NonNegativeInt = 0
    trial: Trial


class ScoredRow(Contract):
    """The same with its scores."""

    row: GridRow
    scores: TrialScores


class FeatureGridResults(Contract):
    """`results.json`: all rows of all experiments."""

    plan: FeatureGridPlan
    rows: tuple[ScoredRow, ...]
    made_at: Moment


def evaluate_features(plan: FeatureGridPlan, run: GridRun) -> FeatureGridResults:
    """Compute what is missing, one trial after another, and write `results.json`.

    EvaluationInputError says what is wrong with the plan; JobInterruptedError when asked to stop: the same call goes on.
    An encoder that cannot be trained does not stop the others: the `failure` says why, and the next call tries again.
    """
    rows = planned(plan, run.brains)
    trials = list(dict.fromkeys(row.trial for row in rows))
    found: dict[Trial, TrialScores] = {}
    failed: dict[Path, str] = {}
    for number, trial in enumerate(trials, 1):
        if run.stop_requested():
            raise JobInterruptedError(f"the evaluation was stopped after {number - 1} of {len(trials)} models")
        known = present(run.out, trial)
        found[trial] = known or _computed(trial, run, failed, f"model {number} of {len(trials)}, ")
    return write_results(plan, rows, found, run.out)


def write_results(
    plan: FeatureGridPlan, rows: Sequence[GridRow], found: dict[Trial, TrialScores], out: Path
) -> FeatureGridResults:
    """Write `results.json`; the results."""
    scored = tuple(ScoredRow(row=row, scores=found[row.trial]) for row in rows)
    results = FeatureGridResults(plan=plan, rows=scored, made_at=datetime.now(UTC))
    write_text(out / RESULTS_FILE, results.model_dump_json(indent=1))
    return results


def write_scores(out: Path, scores: TrialScores) -> TrialScores:
    """Write `scores.json` of a trial; the scores."""
    write_text(out / scores.trial.folder / SCORES_FILE, scores.model_dump_json(indent=1))
    return scores


def present(out: Path, trial: Trial) -> TrialScores | None:
    """What was computed before, but for failures."""
    file = out / trial.folder / SCORES_FILE
    if not file.exists():
        return None
    found = TrialScores.model_validate_json(file.read_bytes())
    return None if found.failure else found


def planned(plan: FeatureGridPlan, brains: Sequence[BrainFolder]) -> list[GridRow]:
    """All rows of the plan's experiments in order; EvaluationInputError."""
    names = [folder.brain.id for folder in brains]
    if unknown := [name for name in plan.experiments if name not in EXPERIMENTS]:
        raise EvaluationInputError(f"no experiment {unknown[0]!r}; there are {', '.join(EXPERIMENTS)}")
    if plan.size not in SIZES:
        raise EvaluationInputError(f"no preset {plan.size!r}; there are {', '.join(SIZES)}")
    if plan.transfer not in names or len(names) < 2:
        raise EvaluationInputError(f"{plan.transfer} cannot be held out of {', '.join(names)}; give it and another brain")
    data = hashlib.sha256("".join(all_truth(folder, plan.areas).model_dump_json() for folder in brains).encode()).hexdigest()
    place = partial(_rows, plan, SIZES[plan.size], data)
    return [row for name in dict.fromkeys(plan.experiments) for row in place(name, EXPERIMENTS[name], names)]


def _rows(
    plan: FeatureGridPlan, size: GridSize, data: str, name: str, experiment: Experiment, brains: Sequence[str]
) -> Iterator[GridRow]:
    variations = [(each, plan.transfer) for each in experiment.rows]
    if experiment.encoders:
        variations += [(Variation(encoder, {"encoder": encoder}), plan.transfer) for encoder in size.encoders]
    if experiment.brains:
        variations += [(Variation(brain), brain) for brain in brains]
    rates = size.learning_rates if experiment.best_rate else (size.settings.learning_rate,)
    for variation, transfer in variations:
        for repetition in range(size.repetitions if variation.drawn else 1):
            for rate in rates:
                trial = _trial(plan, size, variation, (transfer, rate, repetition), data)
                yield GridRow(experiment=name, label=variation.label, value=variation.value, repetition=repetition, trial=trial)


def _trial(plan: FeatureGridPlan, size: GridSize, variation: Variation, chosen: tuple[str, float, int], data: str) -> Trial:
    transfer, rate, repetition = chosen
    mixed = np.random.default_rng((_DRAW, repetition)).permutation(plan.areas).tolist()
    seen = mixed[: max(2, round(variation.areas_share * len(mixed)))]
    learnt = None if variation.transfer_share is None else mixed[: round(variation.transfer_share * len(mixed))]
    common = {"areas": plan.areas, "transfer": (transfer,)}
    there = None if learnt is None else tuple(sorted(learnt))
    features = FeaturesParameters(
        **common,
        # Where nothing of the brain held out is learnt from, the encoder is that of the other experiments.
        transfer_areas=there or None,
        unseen=tuple(sorted(set(plan.areas) - set(seen))),
        settings=_settings(size, variation, rate),
    )
    classify = ClassifyPatchesParameters(
        features_job=ELSEWHERE, **common, transfer_areas=there, scores_only=True, settings=size.classifier
    )
    return Trial(features=features, classify=classify, data=data)


def _settings(size: GridSize, variation: Variation, rate: float) -> EncoderSettings:
    base = size.settings
    settings = EncoderSettings.model_validate(base.model_dump() | {"learning_rate": rate} | dict(variation.changes))
    sides = size.base_px if settings.encoder == "base" else size.patch_px
    patches = base.patches.model_copy(update={"patch_px": sides[variation.side], "area_share": variation.patches_share})
    changes: dict[str, object] = {"patches": patches, "recompute": settings.encoder in RECOMPUTED}
    if settings.loss == "cross_entropy":
        changes["epochs"] = size.cross_entropy_epochs
    return EncoderSettings.model_validate(settings.model_dump() | changes)


def _computed(trial: Trial, run: GridRun, failed: dict[Path, str], prefix: str) -> TrialScores:
    def report(progress: Progress) -> None:
        run.report(progress.model_copy(update={"phase": f"{prefix}{progress.phase}"[:60]}))

    started = time.monotonic()
    encoder = run.out / trial.encoder_folder
    if encoder not in failed:
        try:
            found = _scores(trial, encoder, replace(run, report=report))
        except EXPECTED as error:
            failed[encoder] = str(error)
    if encoder in failed:
        return write_scores(run.out, TrialScores(trial=trial, seconds=time.monotonic() - started, failure=failed[encoder]))
    return write_scores(run.out, scores_of(trial, found, time.monotonic() - started))


def scores_of(trial: Trial, found: ClassificationReport, seconds: float) -> TrialScores:
    """The macro F1 of a classification."""
    transfer = None if found.transfer is None else found.transfer.macro_f1
    return TrialScores(trial=trial, train=found.train.macro_f1, test=found.test.macro_f1, transfer=transfer, seconds=seconds)


def _scores(trial: Trial, encoder: Path, run: GridRun) -> ClassificationReport:
    if not (encoder / "results" / FEATURES_FILE).exists():
        surroundings = context(run.brains, encoder, encoder, run.report, run.stop_requested)
        train_features(job_on(run.brains, trial.features), surroundings)
    surroundings = context(run.brains, run.out / trial.folder, encoder, run.report, run.stop_requested)
    if not (surroundings.results / REPORT_FILE).exists():
        classify_patches(job_on(run.brains, trial.classify), surroundings)
    return ClassificationReport.model_validate_json((surroundings.results / REPORT_FILE).read_bytes())


def job_on(brains: Sequence[BrainFolder], parameters: FeaturesParameters | ClassifyPatchesParameters) -> JobDefinition:
    """A job of a trial on the brains with their outlines."""
    return definition_on([all_truth(folder, parameters.areas) for folder in brains], parameters)


def _short(parameters: Contract, data: str = "") -> str:
    """Twelve digits that tell one set of parameters on one set of data from others."""
    return hashlib.sha256(f"{data}\x1f{parameters.model_dump_json()}".encode()).hexdigest()[:12]
