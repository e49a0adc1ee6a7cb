"""Align sections of a brain, each to the next (thesis 3.2): one checkpoint per step, so that a killed job goes on."""

import time
from datetime import UTC, datetime
from pathlib import Path

from core.anatomy.by_hand import merged
from core.anatomy.series import SectionPair, aligned_steps, pairs_to_compute, present_alignment
from core.contracts.anatomy import AlignParameters
from core.contracts.datasets import AlignmentStep
from core.contracts.jobs import JobDefinition, Progress
from core.datasets import BrainFolder, write_alignment
from core.datasets.files import write_atomically
from core.tasks.context import JobContext, JobInterruptedError


class AlignmentInputError(Exception):
    """Alignment cannot start with what it was given."""


def align_sections(definition: JobDefinition, context: JobContext) -> None:
    """Write `alignment.json` with all steps of the brain: those of the named sections computed, the others as they are.

    Steps set by hand stay. AlignmentInputError, AlignmentError, DatasetError or UnreadableImageError say what is wrong;
    JobInterruptedError when asked to stop: finished steps are kept for the next start.
    """
    parameters = definition.parameters
    if not isinstance(parameters, AlignParameters):
        raise AlignmentInputError(f"job {definition.key} is a {parameters.kind} job, not an align job")
    folder = BrainFolder(context.brain_folder)
    unknown = set(parameters.sections) - {section.number for section in folder.brain.sections}
    if unknown:
        raise AlignmentInputError(f"brain {folder.brain.id} has no sections {sorted(unknown)[:10]}; name others")
    present = present_alignment(folder)
    pairs = pairs_to_compute(folder.brain, present, parameters.sections)
    write_alignment(context.results, merged(present, _computed(folder, pairs, context)))


def _computed(folder: BrainFolder, pairs: list[SectionPair], context: JobContext) -> list[AlignmentStep]:
    """The steps of these pairs: from checkpoints where there are some, else computed now."""
    steps = [_load(context.checkpoints, pair) for pair in pairs if _file(context.checkpoints, pair).exists()]
    found = len(steps)
    missing = [pair for pair in pairs if not _file(context.checkpoints, pair).exists()]
    started = time.monotonic()
    _stop_if_asked(context, found, len(pairs))
    for done, step in enumerate(aligned_steps(folder, missing), 1):
        steps.append(step)
        pair = (step.section, step.successor)
        write_atomically(_file(context.checkpoints, pair), step.model_dump_json(indent=1).encode())
        eta_s = (time.monotonic() - started) / done * (len(missing) - done)
        phase = f"aligned section {step.section} to {step.successor}"
        context.report(Progress(at=datetime.now(UTC), phase=phase, step=found + done, of=len(pairs), eta_s=eta_s))
        if done < len(missing):
            _stop_if_asked(context, found + done, len(pairs))
    return steps


def _stop_if_asked(context: JobContext, done: int, of: int) -> None:
    if context.stop_requested():
        raise JobInterruptedError(f"alignment was stopped after {done} of {of} pairs")


def _file(folder: Path, pair: SectionPair) -> Path:
    return folder / f"{pair[0]}_{pair[1]}.json"


def _load(folder: Path, pair: SectionPair) -> AlignmentStep:
    return AlignmentStep.model_validate_json(_file(folder, pair).read_bytes())
