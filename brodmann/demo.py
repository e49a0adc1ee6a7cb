"""The demo: a phantom brain, an account, a project with the two ends of an interval annotated, and jobs as on any brain."""

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import click

from brodmann.layout import DataFolder
from brodmann.progress import TerminalProgress
from core.contracts.jobs import JobReport, JobState

if TYPE_CHECKING:
    from backend.wiring import Services

DEMO_USER = "demo"
DEMO_PROJECT = "demo"
BRAIN_JOBS: tuple[Literal["tissue", "align"], ...] = ("tissue", "align")


def prepare_demo(data: DataFolder, preset: str) -> str:
    """Build what is missing of the demo; return how to log in, in words for the terminal."""
    brain_id = demo_brain(preset)
    folder = data.brains / brain_id
    if not folder.exists():
        build_phantom(folder, preset)
    return seed_project(brain_id, folder, preset)


def demo_brain(preset: str) -> str:
    """The identifier of the brain that a preset makes."""
    from core.phantom.presets import PRESETS

    return PRESETS[preset].brain_id


def compute_missing(brain_id: str, going_on: Callable[[], bool]) -> None:
    """Let jobs find what is missing of the brain's tissue classes and alignment, and wait for them while `going_on()`.

    The services must be up. A job that fails is told; the page can start it again.
    """
    from backend import settings, wiring

    services = wiring.build(settings.from_environment())
    progress = TerminalProgress()
    try:
        _start_missing(services, brain_id)
        while going_on() and (jobs := _jobs_on_what_is_missing(services, brain_id)):
            for report in jobs:
                if report.state in (JobState.FAILED, JobState.CANCELLED):
                    progress.close()
                    click.echo(
                        f"{report.title}: {report.state}. {report.reason} The brain's page can start it again.", err=True
                    )
                    return
                if report.state == JobState.RUNNING and report.progress is not None:
                    progress(report.progress)
    finally:
        progress.close()
        services.close()


def _start_missing(services: "Services", brain_id: str) -> None:
    from backend.domain.errors import ConflictError
    from core.contracts.api import NewBrainJob

    for kind in BRAIN_JOBS:
        with suppress(ConflictError):  # nothing is missing, or a job is at it already
            services.brain_jobs.create(DEMO_USER, brain_id, NewBrainJob(key=uuid4().hex, kind=kind))


def _jobs_on_what_is_missing(services: "Services", brain_id: str) -> list[JobReport]:
    """The newest job of each kind whose results are not there yet."""
    sections = len(services.brains.brain(brain_id).sections)
    lacking = {
        "tissue": len(services.derived.with_tissue(brain_id)) < sections,
        "align": len(services.derived.aligned(brain_id)) < sections - 1,
    }
    jobs = [job.report for job in services.brain_jobs.all(brain_id).jobs]
    return [next(job for job in jobs if job.kind == kind) for kind in BRAIN_JOBS if lacking[kind]]


def build_phantom(folder: Path, preset: str, workers: int = 2) -> None:
    """Build a phantom beside its final place and rename it there, so that a killed build leaves nothing half done."""
    from core.phantom import build

    partial = folder.with_name(f".{folder.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    progress = TerminalProgress()
    build(partial, preset, report=progress, workers=workers)
    progress.close()
    partial.rename(folder)


def seed_project(brain_id: str, folder: Path, preset: str) -> str:
    """Create account, project and the two annotations once; the environment says which store."""
    from backend import settings, wiring

    services = wiring.build(settings.from_environment())
    try:
        if services.accounts.exists(DEMO_USER):
            return f"log in as {DEMO_USER} (`brodmann user password {DEMO_USER}` sets a new password)"
        password = secrets.token_urlsafe(9)
        services.accounts.add(DEMO_USER, "Demo user", password)
        _seed_annotations(services, brain_id, folder, preset)
    finally:
        services.close()
    return f"log in as {click.style(DEMO_USER, bold=True)} with password {click.style(password, bold=True)}"


def _seed_annotations(services: "Services", brain_id: str, folder: Path, preset: str) -> None:
    from core.contracts.annotations import Imported
    from core.contracts.api import NewProject, SaveAnnotation
    from core.datasets import BrainFolder
    from core.phantom.presets import AREA, PRESETS

    brain = BrainFolder(folder)
    truths = {number: brain.truth(number).outlines for number in PRESETS[preset].annotated_sections}
    seen = {outline.area for outlines in truths.values() for outline in outlines}
    areas = (AREA, *(area.name for area in brain.brain.areas if area.name in seen - {AREA}))
    project = NewProject(id=DEMO_PROJECT, title="hOc1 in the demo brain", brain=brain_id, areas=areas)
    services.projects.create(DEMO_USER, project)
    for number, outlines in truths.items():
        for outline in outlines:
            if outline.area == AREA:
                body = SaveAnnotation(
                    section=number, area=AREA, paths=outline.paths, version=0, source=Imported(format="phantom-truth")
                )
                services.annotations.save(DEMO_USER, DEMO_PROJECT, uuid4().hex, body)
