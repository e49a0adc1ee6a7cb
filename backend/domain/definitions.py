"""Job definitions of a training task: for each model a training job, and a prediction job after it.

A definition follows from the stored task alone, so that sending it again after a crash sends the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from backend.domain.keys import derived_key
from core.contracts.annotations import FrozenAnnotation
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Resources, elements_for
from core.contracts.projects import TaskRun, TrainingTask
from core.contracts.training import PredictParameters, TrainParameters

JobKind = Literal["train", "predict"]
KINDS: tuple[JobKind, ...] = ("train", "predict")
VERBS = {"train": "Train", "predict": "Predict", "inspect": "Look inside"}


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a task froze beside its annotations."""

    brain: BrainReference
    between: tuple[tuple[int, ...], ...]
    """For each run the sections to predict."""
    code_version: str
    time_limit_s: int


def job_key(project: str, task: str, index: int, kind: JobKind) -> str:
    """The key of a task's job; the same for the same task, run and kind."""
    return derived_key("job", project, task, index, kind)


def job_title(area: str, sections: Sequence[int], kind: JobKind | Literal["inspect"]) -> str:
    """What the job is called on screen."""
    of_all = f" from {len(sections)} sections" if len(sections) > 2 else ""
    return f"{VERBS[kind]} {area} {sections[0]}–{sections[-1]}{of_all}"


def definition(
    task: TrainingTask, index: int, kind: JobKind, frozen: Frozen, annotations: Sequence[FrozenAnnotation]
) -> JobDefinition:
    """The job of the task's run `index`; `annotations` are the revisions the run names."""
    run = task.runs[index]
    return JobDefinition(
        key=run.train_job if kind == "train" else run.predict_job,
        title=job_title(task.area, run.sections, kind),
        parameters=_train(task, run) if kind == "train" else _predict(run, frozen.between[index]),
        inputs=JobInputs(brain=frozen.brain, annotations=tuple(annotations)),
        after=_after(task, run, kind),
        resources=Resources(
            time_limit_s=frozen.time_limit_s, array=elements_for(len(frozen.between[index])) if kind == "predict" else 1
        ),
        code_version=frozen.code_version,
        submitted_by=task.author,
    )


def _after(task: TrainingTask, run: TaskRun, kind: JobKind) -> tuple[str, ...]:
    """The job to go on from has succeeded long ago; that it is named here makes the compute service say when it lacks it."""
    if kind == "predict":
        return (run.train_job,)
    return (task.start_job,) if task.start_job else ()


def _train(task: TrainingTask, run: TaskRun) -> TrainParameters:
    return TrainParameters(areas=(task.area,), sections=run.sections, settings=task.settings, start_model=task.start_job)


def _predict(run: TaskRun, between: tuple[int, ...]) -> PredictParameters:
    return PredictParameters(model_job=run.train_job, sections=between)
