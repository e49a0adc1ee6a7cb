"""The demo: a phantom brain, an account and a project with the two ends of an interval annotated."""

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from brodmann.layout import DataFolder
from brodmann.progress import TerminalProgress

if TYPE_CHECKING:
    from backend.wiring import Services

DEMO_USER = "demo"
DEMO_PROJECT = "demo"


def prepare_demo(data: DataFolder, preset: str) -> str:
    """Build what is missing of the demo; return how to log in, in words for the terminal."""
    from core.phantom.presets import PRESETS

    brain_id = PRESETS[preset].brain_id
    folder = data.brains / brain_id
    if not folder.exists():
        build_phantom(folder, preset)
    return seed_project(brain_id, folder, preset)


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
