"""The models of a grid as jobs of a compute service: each a training and a prediction after it, scored here when they are back.

A job's key follows from what it is, so that the same command finds the jobs of one that was stopped, also from another folder;
a job that failed or was cancelled is sent again under the key of its next attempt when the command is given again.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Protocol

from core.contracts.jobs import JobDefinition, JobReport, JobState, Progress, Resources, elements_for, time_limit_s
from core.contracts.presets import estimate_s
from core.contracts.training import PredictParameters, TrainParameters
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError
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
from core.tasks.run_here import definition, truth_annotations

KEYS_AT_ONCE = 100


class ComputeService(Protocol):
    """Where jobs are run: over HTTP, or on this machine."""

    def submit(self, definition: JobDefinition) -> JobReport:
        """Send a job; sending the same one twice gives the first."""
        ...

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """Where these jobs stand; unknown ones are left out."""
        ...

    def result(self, key: str, path: str) -> bytes:
        """A result file of a job."""
        ...


@dataclass(frozen=True, slots=True)
class _Sent:
    """A model that is being computed."""

    model: GridModel
    folder: BrainFolder
    train: str
    predict: str


Reports = dict[str, JobReport]


def evaluate_by_jobs(plan: GridPlan, run: GridRun, service: ComputeService, pause: Callable[[], None]) -> GridResults:
    """Send the jobs of all models that are missing, score each model when it is back, and write `results.json`.

    `pause` is called between two looks. EvaluationInputError says what is wrong with the plan; JobInterruptedError when asked
    to stop: the jobs go on, and the same call collects them. A model whose job fails has the job's reason as its `failure`.
    """
    models, left_out = planned(plan, run.brains)
    folders = {folder.brain.id: folder for folder in run.brains}
    found = {model: present(run.out / model.folder, model) for model in models}
    waiting = [_sent(model, folders[model.brain], plan, service) for model, scores in found.items() if scores is None]
    while waiting:
        if run.stop_requested():
            done = len(models) - len(waiting)
            raise JobInterruptedError(f"the evaluation was stopped with {done} of {len(models)} models scored")
        reports = _reports(service, [key for sent in waiting for key in (sent.train, sent.predict)])
        run.report(_progress(len(models), waiting, reports))
        back = [sent for sent in waiting if reports[sent.predict].state.ended]
        for sent in back:
            found[sent.model] = _collected(sent, reports, service, run.out)
        waiting = [sent for sent in waiting if sent not in back]
        if not back:
            pause()
    all_scores = tuple(scores for scores in found.values() if scores is not None)
    return write_results(
        run.out, GridResults(plan=plan, models=all_scores, left_out=tuple(left_out), made_at=datetime.now(UTC))
    )


def _sent(model: GridModel, folder: BrainFolder, plan: GridPlan, service: ComputeService) -> _Sent:
    sections = scored_sections(folder.brain, model.sections, plan.middle_third)
    limit_s = time_limit_s(estimate_s(model.settings, len(sections))[0])
    name = f"{', '.join(model.areas)} {model.paradigm} {model.sections[0]}–{model.sections[-1]}"[:150]
    train = definition(
        folder,
        TrainParameters(areas=model.areas, sections=model.sections, settings=model.settings),
        truth_annotations(folder, model.areas, model.sections),
    )
    train = train.model_copy(update={"title": f"Train for evaluation: {name}", "resources": Resources(time_limit_s=limit_s)})
    train_key = _submitted(train, service)
    predict = definition(folder, PredictParameters(model_job=train_key, sections=sections))
    resources = Resources(time_limit_s=limit_s, array=elements_for(len(sections)))
    changes = {"title": f"Predict for evaluation: {name}", "after": (train_key,), "resources": resources}
    return _Sent(model, folder, train_key, _submitted(predict.model_copy(update=changes), service))


def _submitted(job: JobDefinition, service: ComputeService) -> str:
    """The key of the job's first attempt that has not failed, sent if need be."""
    content = job.model_copy(update={"key": "0" * 32}).model_dump_json()
    for attempt in count():
        key = hashlib.sha256(f"{attempt}\x1f{content}".encode()).hexdigest()[:32]
        known = service.reports([key])
        if not known:
            service.submit(job.model_copy(update={"key": key}))
        if not known or known[0].state not in (JobState.FAILED, JobState.CANCELLED):
            return key
    raise AssertionError("counting does not end")


def _reports(service: ComputeService, keys: Iterable[str]) -> Reports:
    """Every job's report; EvaluationInputError when the service has lost one."""
    wanted = tuple(keys)
    parts = [wanted[start : start + KEYS_AT_ONCE] for start in range(0, len(wanted), KEYS_AT_ONCE)]
    found = {report.key: report for part in parts for report in service.reports(part)}
    if lost := [key for key in wanted if key not in found]:
        raise EvaluationInputError(f"the compute service does not know job {lost[0]} any more; the same command sends it again")
    return found


def _collected(sent: _Sent, reports: Reports, service: ComputeService, out: Path) -> ModelScores:
    """The scores of a model whose jobs have ended; its results are brought into its folder."""
    jobs = [reports[key] for key in (sent.train, sent.predict)]
    failure = next((f"{job.title}: {job.reason}" for job in jobs if job.state is not JobState.SUCCEEDED), "")
    place = out / sent.model.folder
    if not failure:
        for job, name in zip(jobs, ("train", "predict"), strict=True):
            _bring(job, service, place / name / "results")
    areas = () if failure else scored(sent.model, sent.folder, place)
    return write_scores(place, ModelScores(model=sent.model, areas=areas, seconds=_seconds(jobs), failure=failure))


def _bring(job: JobReport, service: ComputeService, folder: Path) -> None:
    for name in job.results:
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise EvaluationInputError(f"job {job.key} names a result outside its folder: {name!r}")
        write_atomically(folder / place, service.result(job.key, name))


def _seconds(jobs: Sequence[JobReport]) -> float:
    """How long the jobs ran, without their waiting in the queue."""
    spans = [(job.started_at, job.finished_at) for job in jobs]
    return sum((end - start).total_seconds() for start, end in spans if start is not None and end is not None)


def _progress(models: int, waiting: Sequence[_Sent], reports: Reports) -> Progress:
    """How far all jobs are, a model counted as a hundred steps."""
    parts = [_share(reports[sent.train]) + _share(reports[sent.predict]) for sent in waiting]
    step = round(100 * (models - len(waiting)) + 50 * sum(parts))
    runs = sum(reports[key].state is JobState.RUNNING for sent in waiting for key in (sent.train, sent.predict))
    phase = f"{models - len(waiting)} of {models} models scored, {runs} jobs running"
    return Progress(at=datetime.now(UTC), phase=phase, step=step, of=100 * models)


def _share(job: JobReport) -> float:
    """How much of a job is done, from 0 to 1."""
    if job.state.ended:
        return 1.0
    return min(1.0, job.progress.step / job.progress.of) if job.progress else 0.0
