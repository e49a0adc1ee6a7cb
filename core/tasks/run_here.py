"""Run tasks here and now, without services: what terminal commands, evaluation and benchmarks use."""

import hashlib
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from core.contracts.annotations import FrozenAnnotation
from core.contracts.jobs import BrainInputs, BrainReference, JobDefinition, JobInputs, JobParameters, Progress
from core.datasets import BrainFolder, MissingFileError
from core.tasks.context import JobContext


def elsewhere(index: int) -> str:
    """The key that stands for the model folder given to `context`, or for one of `more`, counted from 1."""
    return f"{index:032x}"


ELSEWHERE = elsewhere(0)


class MissingOutlineError(Exception):
    """The dataset holds no outline of an area where one is needed."""


def truth_annotations(brain: BrainFolder, areas: tuple[str, ...], sections: tuple[int, ...]) -> tuple[FrozenAnnotation, ...]:
    """The outlines of areas that come with the dataset, as a job carries them; MissingOutlineError."""
    found = tuple(
        FrozenAnnotation(
            uid=_uid(brain.brain.id, number, place), version=1, section=number, area=outline.area, paths=outline.paths
        )
        for number in sections
        for place, outline in enumerate(brain.truth(number).outlines)
        if outline.area in areas
    )
    for area in areas:
        missing = set(sections) - {annotation.section for annotation in found if annotation.area == area}
        if missing:
            numbers = ", ".join(map(str, sorted(missing)))
            raise MissingOutlineError(f"{brain.brain.id} has no outline of {area} on section {numbers}")
    return found


def all_truth(brain: BrainFolder, areas: tuple[str, ...] = ()) -> BrainInputs:
    """All outlines that come with the dataset, or those of these areas alone, as a job carries them."""
    found = []
    for number in (section.number for section in brain.brain.sections):
        try:
            outlines = brain.truth(number).outlines
        except MissingFileError:
            continue
        found += [
            FrozenAnnotation(
                uid=_uid(brain.brain.id, number, place), version=1, section=number, area=outline.area, paths=outline.paths
            )
            for place, outline in enumerate(outlines)
            if not areas or outline.area in areas
        ]
    return BrainInputs(brain=_reference(brain), annotations=tuple(found))


def _reference(brain: BrainFolder) -> BrainReference:
    return BrainReference(id=brain.brain.id, fingerprint=brain.fingerprint())


def _uid(brain_id: str, section: int, place: int) -> str:
    """The same each time, so that the same training is the same job."""
    return hashlib.sha256(f"truth {brain_id} {section} {place}".encode()).hexdigest()[:32]


def definition(brain: BrainFolder, parameters: JobParameters, annotations: tuple[FrozenAnnotation, ...] = ()) -> JobDefinition:
    """A job definition for a run outside the services."""
    return definition_on((BrainInputs(brain=_reference(brain), annotations=annotations),), parameters)


def definition_on(brains: Sequence[BrainInputs], parameters: JobParameters) -> JobDefinition:
    """The same on several brains, the job's own first."""
    return JobDefinition(
        key=uuid4().hex,
        title=parameters.kind,
        parameters=parameters,
        inputs=JobInputs(brain=brains[0].brain, annotations=brains[0].annotations, more=tuple(brains[1:])),
        code_version=version("brodmann"),
        submitted_by="terminal",
    )


def context(
    brains: Sequence[BrainFolder],
    out: Path,
    model: Path,
    report: Callable[[Progress], None],
    stop_requested: Callable[[], bool],
    more: Sequence[Path] = (),
) -> JobContext:
    """A task's surroundings in the folder `out`, made if need be, on one or several brains, the job's own first; the results of
    other jobs, named by `elsewhere`, are those in `model` and `more`.
    """
    own, *others = brains
    results, checkpoints = out / "results", out / "checkpoints"
    for folder in (results, checkpoints):
        folder.mkdir(parents=True, exist_ok=True)
    return JobContext(
        brain_folder=own.path,
        results=results,
        checkpoints=checkpoints,
        results_of=lambda key: (model, *more)[int(key, 16)] / "results",
        report=report,
        stop_requested=stop_requested,
        more_brains={each.brain.id: each.path for each in others},
    )
