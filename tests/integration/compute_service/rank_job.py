"""The runner with another task than training: `python -m tests.integration.compute_service.rank_job FOLDER TASK`."""

import os
import sys
import time
from pathlib import Path

from compute_service.runner import __main__ as runner
from compute_service.runner.registry import TASKS
from core.contracts.jobs import JobDefinition
from core.tasks.context import JobContext


def meets(definition: JobDefinition, context: JobContext) -> None:
    """Leave the name under which torch.distributed finds this process."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    (context.results / f"rank-{os.environ['RANK']}").write_text(" ".join(os.environ[name] for name in names))


def first_is_late(definition: JobDefinition, context: JobContext) -> None:
    """As `meets`, the first process when the others are done."""
    others = [context.results / f"rank-{rank}" for rank in range(1, int(os.environ["WORLD_SIZE"]))]
    while os.environ["RANK"] == "0" and not all(path.exists() for path in others):
        time.sleep(0.05)
    time.sleep(0.5 if os.environ["RANK"] == "0" else 0)
    meets(definition, context)


def second_fails(definition: JobDefinition, context: JobContext) -> None:
    """The second of the processes finds something wrong while the first waits for it."""
    if os.environ["RANK"] == "1":
        raise ValueError("section 911 cannot be read")
    time.sleep(3600)


def second_fails_first_notices(definition: JobDefinition, context: JobContext) -> None:
    """As torch.distributed tells it: the first process learns only that another is gone, and a moment earlier."""
    from core.training.peers import PeerLostError  # noqa: PLC0415

    if os.environ["RANK"] == "0":
        raise PeerLostError("another process of this training ended before its time")
    time.sleep(0.5)
    second_fails(definition, context)


if __name__ == "__main__":
    TASKS["train"] = (__name__, sys.argv[2])
    sys.exit(runner.run(Path(sys.argv[1])))
