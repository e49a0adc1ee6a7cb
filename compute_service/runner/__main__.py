"""Runs one job, or one element of an array, on the compute node: `python -m compute_service.runner <job folder> [--element N]`.

Ends with 0 and `outcome.json` of success; 1 and `outcome.json` of failure; 75 and no outcome when it was interrupted
after writing a checkpoint, so that it is started again.
"""

import argparse
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

from compute_service.ports import ELEMENT_OPTION, JobPaths, RunPaths
from compute_service.runner.registry import task_for
from compute_service.runner.surroundings import definition_of, job_context, result_names, verified_brain
from compute_service.services.files import write_atomically
from core.contracts.jobs import Outcome
from core.tasks.context import JobInterruptedError

log = logging.getLogger("compute_service.runner")

SUCCEEDED, FAILED, INTERRUPTED = 0, 1, 75
OUT_OF_MEMORY = "The machine's memory was not enough for this job. Choose a smaller preset or batch, and start it again."
OUT_OF_MEMORY_TYPES = ("MemoryError", "OutOfMemoryError")


def main(folder: Path, element: int | None = None) -> int:
    """Run the job of this folder, or its share of an array, and leave the outcome; the exit status as above."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log.info("job %s starts%s", folder.name, "" if element is None else f", element {element}")
    paths = JobPaths(folder.absolute())
    own = paths if element is None else paths.element(element)
    own.folder.mkdir(parents=True, exist_ok=True)
    stop = _stop_on_signal()
    try:
        definition = definition_of(paths)
        brain = verified_brain(Path(os.environ["BRODMANN_BRAINS"]), definition.inputs.brain)
        context = job_context(paths, brain, stop.is_set, element)
        task_for(definition.parameters.kind)(definition, context)
    except JobInterruptedError:
        if paths.cancel_request.exists():
            _leave(paths, own, "cancelled", "Stopped on request.")
        return INTERRUPTED
    except Exception as error:  # The process boundary: whatever a task raises becomes the job's outcome.
        traceback.print_exc()
        _leave(paths, own, "failed", sentence(error), traceback.format_exc())
        return FAILED
    _leave(paths, own, "succeeded", "Done.")
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


def _leave(
    paths: JobPaths, own: RunPaths, state: Literal["succeeded", "failed", "cancelled"], message: str, details: str = ""
) -> None:
    log.info("%s: %s", state, message)
    if os.environ.get("RANK", "0") != "0":
        return  # Of several processes that train together the first one speaks for the job.
    # A job that failed or was stopped names what it finished too: the backend decides what of that is of use.
    results = result_names(paths.results) if paths.results.is_dir() else ()
    outcome = Outcome(state=state, message=message, details=details, results=results, finished_at=datetime.now(UTC))
    write_atomically(own.outcome, outcome.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m compute_service.runner")
    parser.add_argument("folder", type=Path, help="the job folder")
    parser.add_argument(ELEMENT_OPTION, type=int, help="which element of an array to run")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"there is no folder {arguments.folder}")
    sys.exit(main(arguments.folder, arguments.element))
