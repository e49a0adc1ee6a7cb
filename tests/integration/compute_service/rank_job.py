"""The runner with another task than training: `python -m tests.integration.compute_service.rank_job FOLDER TASK`."""

import os
import sys
import time
from pathlib import Path

from compute_service.runner import __main__ as runner
from compute_service.runner.registry import TASKS
from core.contracts.jobs import JobDefinition
from core.tasks.context import JobContext
from tests.fakes.stage_work import DIES, lookup, table

ROW_BYTES = 5000


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


def reads(definition: JobDefinition, context: JobContext, dies: bool = False) -> None:
    """Leave the sum of the numbers of all rows, whether its reader shared the table with others, and that one's number."""
    assert context.open_stage is not None
    second = os.environ["RANK"] == "1"
    with context.open_stage(lookup, {"table": table()}, ROW_BYTES) as stage:
        if dies and not second:
            time.sleep(3600)
        rows = [(int(each["number"]), *each["made_by"].tolist()) for each in stage.run([DIES] if dies else range(100))]
    (maker,) = {(pid, shared) for _, pid, shared in rows}
    (context.results / f"rank-{os.environ['RANK']}").write_text(f"{sum(row for row, *_ in rows)} {maker[1]} {maker[0]}")


def reader_dies(definition: JobDefinition, context: JobContext) -> None:
    """The second process's reader is killed while the first waits for ever."""
    reads(definition, context, dies=True)


if __name__ == "__main__":
    TASKS["train"] = (__name__, sys.argv[2])
    sys.exit(runner.run(Path(sys.argv[1])))
