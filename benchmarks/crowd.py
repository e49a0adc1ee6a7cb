"""Twenty people on one section for five minutes (40 s with --quick): edits, conflicts, reloads, answers that get lost.

The backend is gunicorn as `brodmann up` starts it, on SQLite and on MongoDB's test server (extra `mongo-test`), one after the
other. Example: python -m benchmarks.crowd --quick --json figures.json
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend import settings, wiring
from benchmarks.crowd_clients import SECTION, Outcome, crowd
from benchmarks.figures import Figure, run
from core.contracts.api import NewProject
from core.contracts.datasets import Area, Brain, Section
from core.datasets import fingerprint_file, write_brain
from core.imaging.writer import PyramidOptions, write_pyramid
from tests.integration.backend.mongo_server import PROGRAM, test_server
from tests.integration.backend.processes import web_process

CLIENTS = 20
FULL_S, QUICK_S = 300.0, 18.0  # on each store
BRAIN, SIDE_PX, PIXEL_SIZE_UM = "CROWD", 512, 16.0
CONFIGURATION = ("-c", "python:backend.gunicorn_conf")
PASSWORD = "a crowd of people"


def write_brain_of_one_section(folder: Path) -> None:
    """8 x 8 mm of even gray: nobody looks at the image here."""
    file = folder / "sections" / "gray.tif"
    file.parent.mkdir(parents=True)
    gray = np.full((SIDE_PX, SIDE_PX), 128, np.uint8)
    write_pyramid(file, partial(_rows, gray), SIDE_PX, SIDE_PX, PyramidOptions(pixel_size_um=PIXEL_SIZE_UM))
    section = Section(
        number=SECTION, file="sections/gray.tif", width_px=SIDE_PX, height_px=SIDE_PX, fingerprint=fingerprint_file(file)
    )
    brain = Brain(
        id=BRAIN,
        title="One gray section",
        provenance="Made for benchmarks.crowd",
        synthetic=True,
        pixel_size_um=PIXEL_SIZE_UM,
        section_thickness_um=20.0,
        areas=(Area(name="hOc1", long_name="", colour="#e41a1c"),),
        sections=(section,),
    )
    write_brain(folder, brain)


def _rows(pixels: NDArray[np.uint8], first: int, count: int) -> NDArray[np.uint8]:
    return pixels[first : first + count]


@contextmanager
def installation(folder: Path, mongo_uri: str = "", clients: int = CLIENTS) -> Iterator[tuple[int, dict[str, str]]]:
    """A backend that serves one section to a project of so many annotators: its port, and their passwords."""
    write_brain_of_one_section(folder / "brains" / BRAIN)
    environment = {"BRODMANN_BRAINS": str(folder / "brains"), "BRODMANN_STORE": str(folder / "store"), "MONGO_URI": mongo_uri}
    people = {f"person{number}": PASSWORD for number in range(1, clients + 1)}
    services = wiring.build(settings.from_environment(environment))
    first, *others = people
    for name in people:
        services.accounts.add(name, name.title(), PASSWORD)
    services.projects.create(first, NewProject(id="crowd", title="Crowd", brain=BRAIN, areas=("hOc1",)))
    for name in others:
        services.projects.set_member(first, "crowd", name, "annotator")
    services.close()
    with web_process("backend.app", environment, folder / "backend.log", CONFIGURATION) as (url, _):
        yield int(url.rpartition(":")[2]), people


def measured(folder: Path, seconds: float, mongo_uri: str = "", clients: int = CLIENTS) -> Outcome:
    """What came of a crowd on one store."""
    with installation(folder, mongo_uri, clients) as (port, people):
        return crowd(port, people, seconds)


@contextmanager
def stores() -> Iterator[dict[str, str]]:
    """The address of each kind of store there is; empty for SQLite."""
    with ExitStack() as stack:
        found = {"sqlite": ""}
        if os.environ.get("MONGO_URI"):
            found["mongo"] = os.environ["MONGO_URI"]
        elif PROGRAM.exists():
            found["mongo"] = stack.enter_context(test_server()).format(database="crowd")
        yield found


def figures_of(outcomes: dict[str, Outcome]) -> list[Figure]:
    """The goals are about both stores together; each one's times stand beside."""
    together = list(outcomes.values())
    times_ms = {store: float(np.percentile(outcome.times_ms, 95)) for store, outcome in outcomes.items()}
    return [
        Figure("crowd.lost", sum(one.lost for one in together), "", 0),
        Figure("crowd.doubled", sum(one.doubled for one in together), "", 0),
        Figure("crowd.untold", sum(one.untold for one in together), "", 0),
        Figure("crowd.save_p95_ms", max(times_ms.values()), "ms", 200),
        *(Figure(f"crowd.{store}_save_p95_ms", value, "ms") for store, value in times_ms.items()),
        *(Figure(f"crowd.{store}_save_p50_ms", float(np.median(one.times_ms)), "ms") for store, one in outcomes.items()),
        Figure("crowd.saves", sum(one.saves for one in together), ""),
        Figure("crowd.conflicts", sum(one.conflicts for one in together), ""),
        Figure("crowd.answers_lost", sum(one.repeated for one in together), ""),
        Figure("crowd.stores", len(outcomes), ""),
        Figure("crowd.load", os.getloadavg()[0], ""),
    ]


def measure(options: argparse.Namespace) -> list[Figure]:
    """One store after the other."""
    seconds = QUICK_S if options.quick else FULL_S
    outcomes = {}
    with stores() as found:
        for store, uri in found.items():
            with tempfile.TemporaryDirectory() as folder:
                outcomes[store] = measured(Path(folder), seconds, uri)
    return figures_of(outcomes)


if __name__ == "__main__":
    run(measure, argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
