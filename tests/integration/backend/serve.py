"""Start a backend to develop against: `python -m tests.integration.backend.serve --brains DIR --store DIR [--port 8700]`.

Makes user `ada` (password `correct horse`) and, for every brain found, a project of the same name with all its areas. Without
--brains it writes a small brain of noise. The monitor and the compute service are started by `brodmann up`, not here.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from backend.domain.errors import ConflictError
from backend.settings import from_environment
from backend.wiring import build
from core.contracts.api import NewProject
from tests.fakes.brain_folder import write_small_brain

ROOT = Path(__file__).parents[3]


def main() -> None:
    """Seed, then become gunicorn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brains", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--webui", type=Path)
    parser.add_argument("--port", type=int, default=8700)
    chosen = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="brodmann-"))
    if chosen.brains is None:
        chosen.brains = scratch / "brains"
        write_small_brain(chosen.brains)
    os.environ["BRODMANN_BRAINS"] = str(chosen.brains)
    os.environ["BRODMANN_STORE"] = str(chosen.store or scratch / "store")
    if chosen.webui:
        os.environ["BRODMANN_WEBUI"] = str(chosen.webui)
    seed()
    command = ["-m", "gunicorn", "-c", "python:backend.gunicorn_conf", "-b", f"127.0.0.1:{chosen.port}"]
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *command, "backend.app:create_app()"])


def seed() -> None:
    """One user, and one project for each brain; what is there already stays."""
    services = build(from_environment())
    with contextlib.suppress(ConflictError):
        services.accounts.add("ada", "Ada", "correct horse")
    for brain in services.brains.all().brains:
        areas = tuple(area.name for area in brain.areas)
        with contextlib.suppress(ConflictError):
            services.projects.create("ada", NewProject(id=brain.id, title=brain.title, brain=brain.id, areas=areas))
    services.close()


if __name__ == "__main__":
    main()
