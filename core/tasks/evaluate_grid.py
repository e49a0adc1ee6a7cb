"""Train, predict and score many local and global models: areas, networks, distances between annotated sections (thesis 5.2).

Every model is a folder: one that has its scores is not computed again, one that was killed goes on from its checkpoint.
The truth must come with the brains: its outlines are the annotations, and what predictions are compared with.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from core.contracts.base import Contract, Identifier, Moment
from core.contracts.datasets import Brain, SectionNumber
from core.contracts.jobs import Progress
from core.contracts.training import Architecture, PredictParameters, SegmentationSettings, TrainParameters
from core.datasets import BrainFolder
from core.sampling.centres import ClassAbsentError
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError, SectionScore, evaluate
from core.tasks.model_files import DESCRIPTION_FILE, load_description, write_text
from core.tasks.predict_sections import FOLDER as PREDICTIONS
from core.tasks.predict_sections import predict
from core.tasks.run_here import ELSEWHERE, context, definition, truth_annotations
from core.tasks.train_segmentation import train
from core.training.course import TrainingDivergedError

Paradigm = Literal["lsm", "gsm"]
SCORES_FILE, RESULTS_FILE = "scores.json", "results.json"


class GridPlan(Contract):
    """What is compared. Training sections: every `spacing`-th number from `first` to `last`.

    Local models ("lsm") are trained on two neighbouring training sections each, global ones ("gsm") on all of them; where
    there are two in all, the global model would be the local one and is left out.
    """

    areas: tuple[Identifier, ...] = Field(min_length=1)
    first: SectionNumber
    last: SectionNumber
    spacings: tuple[PositiveInt, ...] = Field(min_length=1)
    paradigms: tuple[Paradigm, ...] = ("lsm",)
    settings: tuple[SegmentationSettings, ...] = Field(min_length=1, description="one a network")
    middle_third: bool = Field(default=False, description="score only sections of the middle third between training sections")
    together: bool = Field(default=False, description="one model of all areas instead of one an area")


class GridModel(Contract):
    """One model of the grid."""

    brain: Identifier
    areas: tuple[Identifier, ...]
    paradigm: Paradigm
    spacing: PositiveInt
    sections: tuple[SectionNumber, ...]
    settings: SegmentationSettings

    @property
    def architecture(self) -> Architecture:
        """The network."""
        return self.settings.architecture

    @property
    def folder(self) -> Path:
        """Where it lies, relative to the grid's folder."""
        name = f"{self.paradigm}_{self.architecture}_{self.spacing}_{self.sections[0]}_{self.sections[-1]}"
        return Path(self.brain) / (self.areas[0] if len(self.areas) == 1 else f"{len(self.areas)}_areas") / name


class AreaScores(Contract):
    """What a model reached on one of its areas."""

    area: Identifier
    sections: tuple[SectionScore, ...]


class ModelScores(Contract):
    """`scores.json` of one model: what it reached, or in `failure` why there is nothing."""

    model: GridModel
    areas: tuple[AreaScores, ...] = ()
    seconds: NonNegativeFloat = Field(description="that the run took which ended it, training and prediction")
    failure: str = ""


class GridResults(Contract):
    """`results.json`: all models of a grid."""

    plan: GridPlan
    models: tuple[ModelScores, ...]
    left_out: tuple[str, ...] = Field(default=(), description="what could not be compared, in words")
    made_at: Moment


@dataclass(frozen=True, slots=True)
class GridRun:
    """Where a grid is computed, and who listens."""

    brains: tuple[BrainFolder, ...]
    out: Path
    report: Callable[[Progress], None]
    stop_requested: Callable[[], bool]


def evaluate_grid(plan: GridPlan, run: GridRun) -> GridResults:
    """Compute what is missing, one model after another, and write `results.json`.

    EvaluationInputError says what is wrong with the plan; JobInterruptedError when asked to stop: the same call goes on.
    A model that cannot be trained does not stop the others: its `failure` says why, and the next call tries again.
    """
    models, left_out = planned(plan, run.brains)
    folders = {folder.brain.id: folder for folder in run.brains}
    done: list[ModelScores] = []
    for number, model in enumerate(models, 1):
        if run.stop_requested():
            raise JobInterruptedError(f"the evaluation was stopped after {number - 1} of {len(models)} models")
        folder = folders[model.brain]
        sections = scored_sections(folder.brain, model.sections, plan.middle_third)
        known = present(run.out / model.folder, model, sections)
        done.append(known or _computed(model, folder, sections, run, f"model {number} of {len(models)}, "))
    return write_results(
        run.out, GridResults(plan=plan, models=tuple(done), left_out=tuple(left_out), made_at=datetime.now(UTC))
    )


def write_results(out: Path, results: GridResults) -> GridResults:
    """Write `results.json`; the results."""
    write_text(out / RESULTS_FILE, results.model_dump_json(indent=1))
    return results


def write_scores(folder: Path, scores: ModelScores) -> ModelScores:
    """Write `scores.json` of a model; the scores."""
    write_text(folder / SCORES_FILE, scores.model_dump_json(indent=1))
    return scores


def planned(plan: GridPlan, brains: Sequence[BrainFolder]) -> tuple[list[GridModel], list[str]]:
    """All models of the plan, and what is left out: areas that are not outlined on a training section."""
    models: list[GridModel] = []
    left_out: list[str] = []
    groups = [plan.areas] if plan.together else [(area,) for area in plan.areas]
    for folder, areas, spacing in product(brains, groups, plan.spacings):
        sections = _training_sections(plan, spacing, folder.brain)
        lacking = {area: _lacking(folder, sections, area) for area in areas}
        left_out += [
            f"{area} in {folder.brain.id} every {spacing} sections: not outlined on section {', '.join(map(str, numbers))}"
            for area, numbers in lacking.items()
            if numbers
        ]
        outlined = tuple(area for area, numbers in lacking.items() if not numbers)
        for (paradigm, chosen), settings in product(_intervals(plan.paradigms, sections) if outlined else [], plan.settings):
            common = {"brain": folder.brain.id, "areas": outlined, "spacing": spacing, "settings": settings}
            models.append(GridModel(paradigm=paradigm, sections=chosen, **common))
    if not models:
        raise EvaluationInputError("nothing to compare: " + ("; ".join(left_out) or "two sections make no global model"))
    return models, left_out


def _training_sections(plan: GridPlan, spacing: int, brain: Brain) -> tuple[int, ...]:
    numbers = tuple(range(plan.first, plan.last + 1, spacing))
    if len(numbers) < 2 or numbers[-1] != plan.last:
        raise EvaluationInputError(f"steps of {spacing} sections do not lead from {plan.first} to {plan.last}; take a divisor")
    if absent := set(numbers) - {section.number for section in brain.sections}:
        raise EvaluationInputError(f"brain {brain.id} has no section {', '.join(map(str, sorted(absent)))}; choose others")
    return numbers


def _lacking(folder: BrainFolder, sections: Sequence[int], area: str) -> list[int]:
    """The sections on which the area is not outlined."""
    return [number for number in sections if all(outline.area != area for outline in folder.truth(number).outlines)]


def _intervals(paradigms: Sequence[Paradigm], sections: tuple[int, ...]) -> list[tuple[Paradigm, tuple[int, ...]]]:
    """The training sections of each model."""
    found: list[tuple[Paradigm, tuple[int, ...]]] = []
    if "lsm" in paradigms:
        found += [("lsm", pair) for pair in pairwise(sections)]
    if "gsm" in paradigms and len(sections) > 2:
        found.append(("gsm", sections))
    return found


def present(folder: Path, model: GridModel, sections: Sequence[int]) -> ModelScores | None:
    """What was computed before of all these sections and no others; EvaluationInputError when that was with other settings."""
    file = folder / SCORES_FILE
    if not file.exists():
        return None
    found = ModelScores.model_validate_json(file.read_bytes())
    _refuse_other(folder, found.model == model)
    same = all({score.section for score in area.sections} == set(sections) for area in found.areas)
    return found if same and not found.failure else None


def _refuse_other(folder: Path, same: bool) -> None:
    if not same:
        raise EvaluationInputError(f"{folder} was computed with other settings; choose another folder, or delete that one")


def _computed(model: GridModel, folder: BrainFolder, sections: Sequence[int], run: GridRun, prefix: str) -> ModelScores:
    def report(progress: Progress) -> None:
        run.report(progress.model_copy(update={"phase": f"{prefix}{progress.phase}"[:60]}))

    started, failure = time.monotonic(), ""
    areas: tuple[AreaScores, ...] = ()
    try:
        areas = _scores(model, folder, tuple(sections), replace(run, report=report))
    except (ClassAbsentError, TrainingDivergedError) as error:
        failure = str(error)
    scores = ModelScores(model=model, areas=areas, seconds=time.monotonic() - started, failure=failure)
    return write_scores(run.out / model.folder, scores)


def _scores(model: GridModel, folder: BrainFolder, sections: tuple[int, ...], run: GridRun) -> tuple[AreaScores, ...]:
    place = trained(model, folder, run)
    predicted = place / "predict"
    job = definition(folder, PredictParameters(model_job=ELSEWHERE, sections=sections))
    predict(job, context([folder], predicted, place / "train", run.report, run.stop_requested))
    return scored(model, folder, place, sections)


def trained(model: GridModel, folder: BrainFolder, run: GridRun) -> Path:
    """Train the model unless that is done, going on from its checkpoint; the model's folder.

    EvaluationInputError when one was trained there with other settings.
    """
    place = run.out / model.folder
    out = place / "train"
    if (out / "results" / DESCRIPTION_FILE).exists():
        known = load_description(out / "results")
        made_of = (known.areas, known.sections, known.settings)
        _refuse_other(place, made_of == (model.areas, model.sections, model.settings))
    else:
        parameters = TrainParameters(areas=model.areas, sections=model.sections, settings=model.settings)
        job = definition(folder, parameters, truth_annotations(folder, model.areas, model.sections))
        train(job, context([folder], out, out, run.report, run.stop_requested))
    return place


def scored(model: GridModel, folder: BrainFolder, place: Path, sections: Sequence[int]) -> tuple[AreaScores, ...]:
    """The scores of these of the predictions in a model's folder; more may lie there, of an earlier evaluation."""
    rasters = place / "predict" / "results" / PREDICTIONS
    found = {area: evaluate(folder.path, place / "train" / "results", rasters, area=area).scores for area in model.areas}
    return tuple(
        AreaScores(area=area, sections=tuple(score for score in scores if score.section in sections))
        for area, scores in found.items()
    )


def scored_sections(brain: Brain, training: Sequence[int], middle_third: bool) -> tuple[int, ...]:
    """The brain's sections between training sections, all or those of the middle third; EvaluationInputError without any."""
    first, last = (1 / 3, 2 / 3) if middle_third else (0.0, 1.0)
    numbers = (section.number for section in brain.sections)
    found = {
        number
        for number in numbers
        for below, above in pairwise(training)
        if below < number < above and first <= (number - below) / (above - below) <= last
    }
    if not found:
        raise EvaluationInputError(f"brain {brain.id} has no section to score between its training sections {training}")
    return tuple(sorted(found))
