"""What the processes of one job do for one another: those that read serve those that work."""

import logging

from compute_service.runner.ranks import Ranks
from compute_service.runner.registry import Task
from core.contracts.jobs import JobDefinition
from core.tasks.context import JobContext, JobInterruptedError

log = logging.getLogger("compute_service.runner")
INTERRUPTED = "interrupted"
"""The word to those that read when the others stop with a checkpoint."""


def work(task: Task, definition: JobDefinition, context: JobContext, ranks: Ranks) -> None:
    """Run the job's task, and let those go that read for this process when it ended well or was interrupted.

    Whatever else the task raises, nobody is told: the processes of such a job are ended all together.
    """
    try:
        task(definition, context)
    except JobInterruptedError:
        ranks.dismiss(INTERRUPTED)
        raise
    ranks.dismiss()


def read_for_another(ranks: Ranks) -> None:
    """Serve the process that this one reads for until it is done; JobInterruptedError when that one was interrupted."""
    assert ranks.crew is not None
    log.info("this process reads for process %d", ranks.crew.controller + 1)
    if ranks.crew.serve() == INTERRUPTED:
        raise JobInterruptedError("the process that this one reads for was interrupted")
