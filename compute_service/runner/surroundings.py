"""What a task is given: the verified brain, folders, the progress file and the word to stop."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from compute_service.ports import JobPaths, is_key
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Progress
from core.datasets import BrainFolder, MissingFileError
from core.tasks.context import JobContext

log = logging.getLogger("compute_service.runner")

LOG_LINES_PER_PHASE = 10


class BrainMissingError(Exception):
    """This machine does not hold the brain that a job wants."""


class BrainDiffersError(Exception):
    """The brain here is not the one that was annotated."""


def verified_brain(brains: Path, wanted: BrainReference) -> Path:
    """The folder of the brain with this identifier and fingerprint.

    Raises:
        BrainMissingError, BrainDiffersError: with what to do about it.
        DatasetError: it is there and cannot be read.
    """
    try:
        found = BrainFolder(brains / wanted.id)
    except MissingFileError as error:
        raise BrainMissingError(
            f"Brain {wanted.id} is not on the compute machine. Copy its dataset into the brains folder there, then start again."
        ) from error
    if found.fingerprint() != wanted.fingerprint:
        raise BrainDiffersError(
            f"Brain {wanted.id} on the compute machine differs from the one that was annotated. "
            "Copy the same dataset to both machines, then start again."
        )
    return found.path


def verified_brains(brains: Path, inputs: JobInputs) -> dict[str, Path]:
    """The folders of all brains of a job by identifier, its own first; raises as `verified_brain` does."""
    return {each.brain.id: verified_brain(brains, each.brain) for each in inputs.brains}


def job_context(
    paths: JobPaths, brains: Mapping[str, Path], stop_requested: Callable[[], bool], element: int | None = None
) -> JobContext:
    """The surroundings of a job folder's task, or of its share in an array; makes the folders it needs.

    `brains` are those of `verified_brains`.
    """
    paths.results.mkdir(exist_ok=True)
    paths.checkpoints.mkdir(exist_ok=True)
    own = paths if element is None else paths.element(element)
    return JobContext(
        brain_folder=next(iter(brains.values())),
        results=paths.results,
        checkpoints=paths.checkpoints,
        results_of=lambda key: _results_of(paths, key),
        report=progress_writer(own.progress),
        stop_requested=stop_requested,
        element=element or 0,
        elements=1 if element is None else definition_of(paths).resources.array,
        more_brains=dict(list(brains.items())[1:]),
    )


def _results_of(paths: JobPaths, key: str) -> Path:
    results = JobPaths(paths.folder.parent / key).results
    if not is_key(key) or not results.is_dir():
        raise FileNotFoundError(f"Job {key[:64]!r}, whose results are needed, has no results folder on this machine.")
    return results


def progress_writer(path: Path) -> Callable[[Progress], None]:
    """Appends each line with one write, so that readers see whole lines only; a tenth of a phase is a line in the log."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")  # An earlier attempt was killed within a line.

    told: set[tuple[str, int]] = set()

    def report(progress: Progress) -> None:
        os.write(descriptor, progress.model_dump_json().encode() + b"\n")
        part = progress.phase, LOG_LINES_PER_PHASE * progress.step // progress.of
        if part not in told:
            told.add(part)
            log.info("%s", log_line(progress))

    return report


def log_line(progress: Progress) -> str:
    """Progress in words, for the job's log."""
    figures = {"loss": progress.loss, **progress.metrics}
    words = [f"{progress.phase}: {progress.step} of {progress.of}"]
    words += [f"{name} {value:.4g}" for name, value in figures.items() if value is not None]
    return ", ".join(words)


def result_names(results: Path) -> tuple[str, ...]:
    """Files below the results folder, relative and sorted; hidden ones are unfinished and do not count."""
    names = (path.relative_to(results) for path in results.rglob("*") if path.is_file())
    return tuple(sorted(name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)))


def definition_of(paths: JobPaths) -> JobDefinition:
    """The job as submitted."""
    return JobDefinition.model_validate_json(paths.definition.read_bytes())
