"""The models of a grid as jobs of a compute service: each a training and a prediction after it, scored here when back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.contracts.jobs import JobReport, Resources, elements_for, time_limit_s
from core.contracts.presets import estimate_s
from core.contracts.training import PredictParameters, TrainParameters
from core.datasets import BrainFolder
from core.tasks.evaluate_grid import (
    GridModel,
    GridPlan,
    GridResults,
    GridRun,
    ModelScores,
    planned,
    present,
    scored,
    scored_sections,
    write_results,
    write_scores,
)
from core.tasks.job_pairs import ComputeService, JobPair, bring, collect, failure_of, seconds_of, submitted
from core.tasks.run_here import definition, truth_annotations


def evaluate_by_jobs(plan: GridPlan, run: GridRun, service: ComputeService, pause: Callable[[], None]) -> GridResults:
    """Send the jobs of all models that are missing, score each model when it is back, and write `results.json`.

    `pause` is called between two looks. EvaluationInputError says what is wrong with the plan; JobInterruptedError when asked
    to stop: the jobs go on, and the same call collects them. A model whose job fails has the job's reason as its `failure`.
    """
    models, left_out = planned(plan, run.brains)
    folders = {folder.brain.id: folder for folder in run.brains}
    sections = {model: scored_sections(folders[model.brain].brain, model.sections, plan.middle_third) for model in models}
    found = {model: present(run.out / model.folder, model, sections[model]) for model in models}
    pairs = [_sent(model, folders[model.brain], sections[model], service) for model, known in found.items() if known is None]

    def take(model: GridModel, jobs: tuple[JobReport, JobReport]) -> None:
        place, failure = run.out / model.folder, failure_of(jobs)
        if not failure:
            _brought(jobs, service, place)
        areas = () if failure else scored(model, folders[model.brain], place, sections[model])
        scores = ModelScores(model=model, areas=areas, seconds=seconds_of(jobs), failure=failure)
        found[model] = write_scores(place, scores)

    collect(pairs, run, len(models), service, pause, take)
    all_scores = tuple(scores for scores in found.values() if scores is not None)
    return write_results(
        run.out, GridResults(plan=plan, models=all_scores, left_out=tuple(left_out), made_at=datetime.now(UTC))
    )


def _sent(model: GridModel, folder: BrainFolder, sections: tuple[int, ...], service: ComputeService) -> JobPair[GridModel]:
    limit_s = time_limit_s(estimate_s(model.settings, len(sections))[0])
    name = f"{', '.join(model.areas)} {model.paradigm} {model.sections[0]}–{model.sections[-1]}"[:150]
    train = definition(
        folder,
        TrainParameters(areas=model.areas, sections=model.sections, settings=model.settings),
        truth_annotations(folder, model.areas, model.sections),
    )
    train = train.model_copy(update={"title": f"Train for evaluation: {name}", "resources": Resources(time_limit_s=limit_s)})
    train_key = submitted(train, service)
    predict = definition(folder, PredictParameters(model_job=train_key, sections=sections))
    resources = Resources(time_limit_s=limit_s, array=elements_for(len(sections)))
    changes = {"title": f"Predict for evaluation: {name}", "after": (train_key,), "resources": resources}
    return JobPair(model, train_key, submitted(predict.model_copy(update=changes), service))


def _brought(jobs: Sequence[JobReport], service: ComputeService, place: Path) -> None:
    """Bring the results of a model's two jobs into its folder."""
    for job, name in zip(jobs, ("train", "predict"), strict=True):
        bring(job, service, place / name / "results")
