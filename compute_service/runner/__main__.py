"""Runs one job, or one element of an array, on the compute node: `python -m compute_service.runner <job folder> [--element N]`.

Ends with 0 and `outcome.json` of success; 1 and `outcome.json` of failure; 75 and no outcome when it was interrupted
after writing a checkpoint, so that it is started again. Of several processes started together each runs this; the first
one tells how the job ended, or any that fails, which also ends the others.
"""

import argparse
import faulthandler
import logging
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Literal

from compute_service.ports import ELEMENT_OPTION, JobPaths, RunPaths
from compute_service.runner.company import read_for_another, work
from compute_service.runner.keeper import Tell, kept
from compute_service.runner.ranks import Ranks, find_ranks, started_together
from compute_service.runner.registry import task_for
from compute_service.runner.surroundings import definition_of, job_context, result_names, verified_brains
from compute_service.services.files import write_first
from core.contracts.jobs import Outcome
from core.tasks.context import JobInterruptedError

log = logging.getLogger("compute_service.runner")

SUCCEEDED, FAILED, INTERRUPTED = 0, 1, 75
OUT_OF_MEMORY = "The machine's memory was not enough for this job. Choose a smaller preset or batch, and start it again."
OUT_OF_MEMORY_TYPES = ("MemoryError", "OutOfMemoryError")
OTHER_LOST, WAIT_FOR_WORD_S = "PeerLostError", 10.0


def run(folder: Path, element: int | None = None) -> int:
    """As `main`, under a keeper where it is one of several processes."""
    if started_together():
        return kept(folder.absolute(), lambda tell: main(folder, element, tell))
    return main(folder, element)


def main(folder: Path, element: int | None = None, tell: Tell = lambda _name: None) -> int:
    """Run the job of this folder, or its share of an array, and leave the outcome; the exit status as above.

    `tell` hears the name of this process among several.
    """
    faulthandler.enable()
    _log_as(Ranks())
    log.info("job %s starts%s", folder.name, "" if element is None else f", element {element}")
    paths = JobPaths(folder.absolute())
    own = paths if element is None else paths.element(element)
    own.folder.mkdir(parents=True, exist_ok=True)
    stop, ranks = _stop_on_signal(), Ranks()
    try:
        definition = definition_of(paths)
        ranks = find_ranks(definition.resources)
        _log_as(ranks)
        tell(ranks.name)
        log.info("%s is number %d there", ranks.name or "this process", os.getpid())
        if ranks.reads:
            read_for_another(ranks)
        else:
            brains = verified_brains(Path(os.environ["BRODMANN_BRAINS"]), definition.inputs)
            context = replace(job_context(paths, brains, stop.is_set, element), open_stage=ranks.open_stage)
            work(task_for(definition.parameters.kind), definition, context, ranks)
        ranks.meet()  # Well ended is what ended well everywhere.
        if ranks.speaks:
            _leave(paths, own, "succeeded", "Done.")
        ranks.meet()
    except JobInterruptedError:
        if ranks.speaks and paths.cancel_request.exists():
            _leave(paths, own, "cancelled", "Stopped on request.")
        ranks.meet()  # The first one writes the checkpoint: a launcher ends all when one has gone with this status.
        return INTERRUPTED
    except Exception as error:  # The process boundary: whatever a task raises becomes the job's outcome.
        traceback.print_exc()
        message, details = sentence(error), traceback.format_exc()
        if ranks.size == 1:
            _leave(paths, own, "failed", message, details)
            return FAILED
        try:
            if type(error).__name__ == OTHER_LOST:
                time.sleep(WAIT_FOR_WORD_S)  # That one left its word, or the launcher saw its end and is ending us.
            _leave(paths, own, "failed", f"{message} ({ranks.name})", details)
        finally:
            ranks.end_all(FAILED)
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


def _log_as(ranks: Ranks) -> None:
    who = f" [{ranks.rank + 1}/{ranks.size}]" if ranks.size > 1 else ""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s %(levelname)s{who} %(message)s", force=True)


def _leave(
    paths: JobPaths, own: RunPaths, state: Literal["succeeded", "failed", "cancelled"], message: str, details: str = ""
) -> None:
    log.info("%s: %s", state, message)
    # A job that failed or was stopped names what it finished too: the backend decides what of that is of use.
    results = result_names(paths.results) if paths.results.is_dir() else ()
    outcome = Outcome(state=state, message=message, details=details, results=results, finished_at=datetime.now(UTC))
    write_first(own.outcome, outcome.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m compute_service.runner")
    parser.add_argument("folder", type=Path, help="the job folder")
    parser.add_argument(ELEMENT_OPTION, type=int, help="which element of an array to run")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"there is no folder {arguments.folder}")
    sys.exit(run(arguments.folder, arguments.element))
