"""Runs one job on the compute node: `python -m compute_service.runner <job folder>`.

Ends with 0 and `outcome.json` of success; 1 and `outcome.json` of failure; 75 and no outcome when it was interrupted
after writing a checkpoint, so that it is started again.
"""

import faulthandler
import logging
import os
import signal
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Literal

from compute_service.ports import JobPaths
from compute_service.runner.registry import task_for
from compute_service.runner.surroundings import definition_of, job_context, result_names, verified_brain
from compute_service.services.files import write_atomically
from core.contracts.jobs import Outcome
from core.tasks.context import JobInterruptedError

log = logging.getLogger("compute_service.runner")

SUCCEEDED, FAILED, INTERRUPTED = 0, 1, 75
OUT_OF_MEMORY = "The machine's memory was not enough for this job. Choose a smaller preset or batch, and start it again."
OUT_OF_MEMORY_TYPES = ("MemoryError", "OutOfMemoryError")


def main(folder: Path) -> int:
    """Run the job of this folder and leave its outcome; the exit status as above."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log.info("job %s starts", folder.name)
    paths = JobPaths(folder.absolute())
    stop = _stop_on_signal()
    try:
        definition = definition_of(paths)
        brain = verified_brain(Path(os.environ["BRODMANN_BRAINS"]), definition.inputs.brain)
        task_for(definition.parameters.kind)(definition, job_context(paths, brain, stop.is_set))
    except JobInterruptedError:
        if paths.cancel_request.exists():
            _leave(paths, "cancelled", "Stopped on request.")
        return INTERRUPTED
    except Exception as error:  # The process boundary: whatever a task raises becomes the job's outcome.
        traceback.print_exc()
        _leave(paths, "failed", sentence(error), traceback.format_exc())
        return FAILED
    _leave(paths, "succeeded", "Done.")
    return SUCCEEDED


def sentence(error: Exception) -> str:
    """One sentence for the screen."""
    if type(error).__name__ in OUT_OF_MEMORY_TYPES:
        return OUT_OF_MEMORY
    text = str(error).strip()
    return text if text else f"The job stopped with {type(error).__name__}; the details say where."


def _stop_on_signal() -> Event:
    stop = Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


def _leave(paths: JobPaths, state: Literal["succeeded", "failed", "cancelled"], message: str, details: str = "") -> None:
    log.info("%s: %s", state, message)
    if os.environ.get("RANK", "0") != "0":
        return  # Of several processes that train together the first one speaks for the job.
    # A job that failed or was stopped names what it finished too: the backend decides what of that is of use.
    results = result_names(paths.results) if paths.results.is_dir() else ()
    outcome = Outcome(state=state, message=message, details=details, results=results, finished_at=datetime.now(UTC))
    write_atomically(paths.outcome, outcome.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m compute_service.runner <job folder>")
    sys.exit(main(Path(sys.argv[1])))
