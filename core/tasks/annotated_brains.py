"""The brains of a job that learns from several, with what is drawn on them."""

from core.contracts.jobs import JobDefinition
from core.datasets import BrainFolder
from core.sampling.patch_sites import AnnotatedBrain
from core.tasks.context import JobContext


class BrainsError(Exception):
    """A job names a brain that is not among its own."""


def annotated_brains(definition: JobDefinition, context: JobContext) -> tuple[AnnotatedBrain, ...]:
    """All brains of the job, its own first."""
    folders = {definition.inputs.brain.id: context.brain_folder, **context.more_brains}
    return tuple(AnnotatedBrain(BrainFolder(folders[each.brain.id]), each.annotations) for each in definition.inputs.brains)


def check_transfer(definition: JobDefinition, transfer: tuple[str, ...]) -> None:
    """BrainsError unless the brains to hold out are among the job's, and not all of them."""
    names = [each.brain.id for each in definition.inputs.brains]
    unknown = [name for name in transfer if name not in names]
    if unknown:
        raise BrainsError(f"{', '.join(unknown)} cannot be held out: the job's brains are {', '.join(names)}")
    if set(names) <= set(transfer):
        raise BrainsError("all brains are held out: leave one at least to learn from")
