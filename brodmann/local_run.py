"""Run a job's task here and now, without services: what the terminal commands and notebooks use."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from uuid import uuid4

import click

from core.contracts.annotations import FrozenAnnotation
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Progress
from core.contracts.training import PredictParameters, TrainParameters
from core.datasets import BrainFolder
from core.tasks.context import JobContext


def truth_annotations(brain: BrainFolder, areas: tuple[str, ...], sections: tuple[int, ...]) -> tuple[FrozenAnnotation, ...]:
    """The outlines of areas that come with the dataset, as a job carries them."""
    found = tuple(
        FrozenAnnotation(uid=uuid4().hex, version=1, section=number, area=outline.area, paths=outline.paths)
        for number in sections
        for outline in brain.truth(number).outlines
        if outline.area in areas
    )
    for area in areas:
        missing = set(sections) - {annotation.section for annotation in found if annotation.area == area}
        if missing:
            numbers = ", ".join(map(str, sorted(missing)))
            raise click.ClickException(f"{brain.brain.id} has no outline of {area} on section {numbers}")
    return found


def definition(
    brain: BrainFolder,
    parameters: TrainParameters | PredictParameters,
    annotations: tuple[FrozenAnnotation, ...],
) -> JobDefinition:
    """A job definition for a run outside the services."""
    return JobDefinition(
        key=uuid4().hex,
        title=parameters.kind,
        parameters=parameters,
        inputs=JobInputs(brain=BrainReference(id=brain.brain.id, fingerprint=brain.fingerprint()), annotations=annotations),
        code_version=version("brodmann"),
        submitted_by="terminal",
    )


@contextmanager
def context(brain_folder: Path, out: Path, model: Path, report: Callable[[Progress], None]) -> Iterator[JobContext]:
    """A task's surroundings in the folder `out`; Ctrl-C asks the task to write a checkpoint and end."""
    stop: list[int] = []

    def request_stop(number: int, _frame: FrameType | None) -> None:
        stop.append(number)

    previous = signal.signal(signal.SIGINT, request_stop)
    results, checkpoints = out / "results", out / "checkpoints"
    for folder in (results, checkpoints):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield JobContext(
            brain_folder=brain_folder,
            results=results,
            checkpoints=checkpoints,
            results_of=lambda _key: model / "results",
            report=report,
            stop_requested=lambda: bool(stop),
        )
    finally:
        signal.signal(signal.SIGINT, previous)
