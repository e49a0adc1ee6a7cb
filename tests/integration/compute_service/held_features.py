"""The runner with a features job that saves every step and can be held: `python -m ...held_features FOLDER`.

Where the job folder holds a file `hold`, the first process waits before the step of which it names the number.
"""

import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

from compute_service.runner import __main__ as runner
from compute_service.runner.registry import TASKS
from core.contracts.jobs import JobDefinition
from core.tasks.context import JobContext


def held(definition: JobDefinition, context: JobContext) -> None:
    """Train, and wait for the end at the step where it is held."""
    import torch  # noqa: PLC0415 - who reads does without

    from core.tasks.train_features import train_features  # noqa: PLC0415
    from core.training import course  # noqa: PLC0415

    torch.set_num_threads(1)
    course.CHECKPOINT_EVERY_S = course.REPORT_EVERY_S = 0.0
    hold, asked = context.results.parent / "hold", count(1)

    def stop_requested() -> bool:
        if hold.exists() and next(asked) > int(hold.read_text()):
            (context.results.parent / "held").touch()
            while not context.stop_requested():
                time.sleep(0.05)
        return context.stop_requested()

    train_features(definition, replace(context, stop_requested=stop_requested))


if __name__ == "__main__":
    TASKS["features"] = (__name__, "held")
    sys.exit(runner.run(Path(sys.argv[1])))
