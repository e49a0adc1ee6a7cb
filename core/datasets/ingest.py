"""Ingest: images of a scanner become a brain dataset; a run that is killed and started again goes on where it was."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import monotonic

import cv2
from pydantic import TypeAdapter, ValidationError

from core.contracts.base import Identifier
from core.contracts.datasets import Alignment, Brain, Section
from core.contracts.jobs import Progress
from core.datasets.areas import with_areas
from core.datasets.files import ALIGNMENT_FILE, BRAIN_FILE, fingerprint_file, section_name
from core.datasets.folder import BrainFolder
from core.datasets.journal import FinishedSection, file_state, finished_section, only_one, record
from core.datasets.numbering import DEFAULT_PATTERN, IngestError, section_numbers, source_files
from core.datasets.writers import write_alignment, write_brain
from core.imaging.errors import UnreadableImageError
from core.imaging.source import open_source
from core.imaging.stored import DAMAGE
from core.imaging.writer import PyramidOptions, write_pyramid

__all__ = ["Failure", "IngestError", "IngestOptions", "Ingested", "Plan", "ingest", "make_plan"]

DEFAULT_THICKNESS_UM = 20.0
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_SAME_PIXEL_SIZE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What a person says about the images; what is None is taken from them or from the brain that is already there."""

    brain_id: str
    pattern: str = DEFAULT_PATTERN
    pixel_size_um: float | None = None
    section_thickness_um: float | None = None
    title: str = ""
    areas: tuple[str, ...] = ()
    """Names of areas that can be annotated, beside those the brain has."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that was not ingested, and why."""

    file: Path
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedSection:
    """One image that will become a section."""

    number: int
    source: Path
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an ingest is going to do: the brain without new sections, the sections, and what is already known to fail."""

    folder: Path
    brain: Brain
    sections: tuple[PlannedSection, ...]
    failures: tuple[Failure, ...]


@dataclass(slots=True)
class Ingested:
    """What an ingest did; section numbers."""

    folder: Path
    written: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def make_plan(sources: list[Path], brains: Path, options: IngestOptions) -> Plan:
    """Look at every image's name and tags; nothing is written. The brain's folder is `brains`/brain_id.

    IngestError when the names do not give numbers, no image can be used, or another brain is there.
    """
    try:
        folder = brains / _IDENTIFIER.validate_python(options.brain_id)
    except ValidationError as error:
        raise IngestError(f"{options.brain_id!r} cannot name a brain; take letters, digits, _ - and ., e.g. B20") from error
    numbered, nameless = section_numbers(source_files(sources), options.pattern)
    failures = [
        Failure(file, f"{file}: the pattern {options.pattern} finds no section number in its name") for file in nameless
    ]
    looked: dict[PlannedSection, float] = {}
    for number, file in numbered.items():
        try:
            with open_source(file, options.pixel_size_um) as image:
                looked[PlannedSection(number, file, image.width_px, image.height_px)] = image.pixel_size_um
        except UnreadableImageError as error:
            failures.append(Failure(file, str(error)))
    if not looked:
        told = "\n".join(failure.reason for failure in failures[:10])
        raise IngestError(f"none of {len(failures)} images can be ingested:\n{told}")
    brain = _brain(folder, options, Counter(looked.values()).most_common(1)[0][0])
    for section, size_um in looked.items():
        if abs(size_um / brain.pixel_size_um - 1) > _SAME_PIXEL_SIZE:
            told = (
                f"its pixels are {size_um:g} µm, the brain's are {brain.pixel_size_um:g}; if that is wrong give --pixel-size-um"
            )
            failures.append(Failure(section.source, f"{section.source}: {told}"))
    refused = {failure.file for failure in failures}
    return Plan(folder, brain, tuple(section for section in looked if section.source not in refused), tuple(failures))


def ingest(plan: Plan, workers: int = 2, report: Callable[[Progress], None] | None = None) -> Ingested:
    """Write the sections of a plan, several at a time in processes of their own; `brain.json` comes last.

    Sections that an earlier run wrote from the same files are kept. A broken image is told in the result and does not
    stop the others. IngestError when another ingest holds the folder or a process was killed.
    """
    with only_one(plan.folder):
        result = Ingested(plan.folder, failures=list(plan.failures))
        sections = {section.number: section for section in plan.brain.sections}
        todo = []
        for planned in plan.sections:
            known = finished_section(plan.folder, plan.brain.id, planned.number, planned.source, plan.brain.pixel_size_um)
            if known is None:
                todo.append(planned)
            else:
                sections[planned.number] = known
                result.kept.append(planned.number)
        speed = _Speed(todo, report)
        for planned, done in _written(plan, todo, workers):
            if isinstance(done, Failure):
                result.failures.append(done)
            else:
                sections[done.number] = done
                result.written.append(done.number)
            speed.count(planned)
        result.written.sort()
        if sections:
            _finish(plan, [sections[number] for number in sorted(sections)])
    return result


class _Speed:
    """Reports finished sections with megapixels per second and the time that is left."""

    def __init__(self, todo: list[PlannedSection], report: Callable[[Progress], None] | None) -> None:
        self._report = report
        self._started = monotonic()
        self._of, self._done = len(todo), 0
        self._pixels = sum(each.width_px * each.height_px for each in todo)
        self._pixels_done = 0

    def count(self, planned: PlannedSection) -> None:
        """One more section is done with."""
        self._done += 1
        self._pixels_done += planned.width_px * planned.height_px
        if self._report is None:
            return
        per_s = self._pixels_done / max(monotonic() - self._started, 1e-9)
        self._report(
            Progress(
                at=datetime.now(UTC),
                phase="ingesting sections",
                step=self._done,
                of=self._of,
                metrics={"megapixels_per_s": per_s / 1e6},
                eta_s=(self._pixels - self._pixels_done) / per_s,
            )
        )


def _brain(folder: Path, options: IngestOptions, found_pixel_size_um: float) -> Brain:
    """The brain that is there already, whose sections stay, or a new one without sections."""
    if not (folder / BRAIN_FILE).exists():
        return Brain(
            id=options.brain_id,
            title=options.title or f"Brain {options.brain_id}",
            provenance="Ingested from images of a scanner.",
            pixel_size_um=options.pixel_size_um or found_pixel_size_um,
            section_thickness_um=options.section_thickness_um or DEFAULT_THICKNESS_UM,
            areas=with_areas((), options.areas),
            sections=(),
        )
    brain = BrainFolder(folder).brain
    for name, wanted, there in (
        ("brain", options.brain_id, brain.id),
        ("pixel size", options.pixel_size_um, brain.pixel_size_um),
        ("section thickness", options.section_thickness_um, brain.section_thickness_um),
    ):
        if wanted is not None and wanted != there:
            raise IngestError(f"{folder} holds a brain whose {name} is {there}, not {wanted}; take another --brain or --out")
    if brain.synthetic:
        raise IngestError(f"{folder} holds a synthetic brain; take another --brain or --out")
    areas = with_areas(brain.areas, options.areas)
    return brain.model_copy(update={"title": options.title or brain.title, "areas": areas})


def _finish(plan: Plan, sections: list[Section]) -> None:
    if not (plan.folder / ALIGNMENT_FILE).exists():  # no steps: the sections have yet to be aligned
        write_alignment(plan.folder, Alignment(base_section=sections[len(sections) // 2].number))
    write_brain(plan.folder, plan.brain.model_copy(update={"sections": tuple(sections)}))


def _written(plan: Plan, todo: list[PlannedSection], workers: int) -> Iterator[tuple[PlannedSection, Section | Failure]]:
    if workers <= 1 or len(todo) <= 1:
        for planned in todo:
            yield planned, _write_section(plan.folder, plan.brain.id, planned, plan.brain.pixel_size_um)
        return
    pool = ProcessPoolExecutor(min(workers, len(todo)), get_context("spawn"), _begin_worker)
    try:
        args = plan.brain.id, plan.brain.pixel_size_um
        waiting = {pool.submit(_write_section, plan.folder, args[0], each, args[1]): each for each in todo}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool as error:
        raise IngestError(
            "a process that wrote sections was killed; start the same command again, it goes on where it was "
            "(with fewer --workers if memory ran out)"
        ) from error
    finally:  # after an error or Ctrl-C nothing new is begun
        pool.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """One core each; ends with Ctrl-C, and with the process that started it, however that ends."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write_section(folder: Path, brain_id: str, planned: PlannedSection, pixel_size_um: float) -> Section | Failure:
    file = f"sections/{section_name(brain_id, planned.number).replace('.', '-')}.tif"
    path = folder / file
    try:
        before = file_state(planned.source)
        with open_source(planned.source, pixel_size_um) as image:
            options = PyramidOptions(
                pixel_size_um=pixel_size_um,
                description=f"{brain_id} {planned.number}",
                bits_per_sample=image.bits_per_sample,
                window=image.window,
            )
            write_pyramid(path, image.read_rows, image.width_px, image.height_px, options)
            size = (image.width_px, image.height_px)
        section = Section(
            number=planned.number, file=file, width_px=size[0], height_px=size[1], fingerprint=fingerprint_file(path)
        )
        finished = FinishedSection(section=section, pixel_size_um=pixel_size_um, source=before, written=file_state(path))
        record(folder, brain_id, finished)
    except (UnreadableImageError, *DAMAGE) as error:
        told = str(error)
        return Failure(planned.source, told if str(planned.source) in told else f"{planned.source}: {told}")
    return section
