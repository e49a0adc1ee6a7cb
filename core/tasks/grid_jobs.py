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
    found = {model: present(run.out / model.folder, model) for model in models}
    pairs = [_sent(model, folders[model.brain], plan, service) for model, scores in found.items() if scores is None]

    def take(model: GridModel, jobs: tuple[JobReport, JobReport]) -> None:
        found[model] = _collected(model, folders[model.brain], jobs, service, run.out)

    collect(pairs, run, len(models), service, pause, take)
    all_scores = tuple(scores for scores in found.values() if scores is not None)
    return write_results(
        run.out, GridResults(plan=plan, models=all_scores, left_out=tuple(left_out), made_at=datetime.now(UTC))
    )


def _sent(model: GridModel, folder: BrainFolder, plan: GridPlan, service: ComputeService) -> JobPair[GridModel]:
    sections = scored_sections(folder.brain, model.sections, plan.middle_third)
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


def _collected(
    model: GridModel, folder: BrainFolder, jobs: Sequence[JobReport], service: ComputeService, out: Path
) -> ModelScores:
    """The scores of a model whose jobs have ended; its results are brought into its folder."""
    failure, place = failure_of(jobs), out / model.folder
    if not failure:
        for job, name in zip(jobs, ("train", "predict"), strict=True):
            bring(job, service, place / name / "results")
    areas = () if failure else scored(model, folder, place)
    return write_scores(place, ModelScores(model=model, areas=areas, seconds=seconds_of(jobs), failure=failure))
