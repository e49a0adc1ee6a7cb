"""Ingest: images of a scanner become a brain dataset; a run that is killed and started again goes on where it was."""

from collections import Counter
from collections.abc import Callable, Iterator, MutableSequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.contracts.base import Identifier
from core.contracts.datasets import Alignment, Brain, Section
from core.contracts.jobs import Progress
from core.datasets import workers as processes
from core.datasets.areas import with_areas
from core.datasets.files import ALIGNMENT_FILE, BRAIN_FILE, fingerprint_file, section_name
from core.datasets.folder import BrainFolder
from core.datasets.journal import FinishedSection, begin_writing, file_state, finished_section, only_one, record
from core.datasets.numbering import DEFAULT_PATTERN, IngestError, section_numbers, source_files
from core.datasets.workers import PixelProgress, begin_worker
from core.datasets.writers import write_alignment, write_brain
from core.imaging.errors import UnreadableImageError
from core.imaging.resampling import GrayImage
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

    @property
    def pixels(self) -> int:
        """Pixels of the full resolution."""
        return self.width_px * self.height_px


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
        for done in _written(plan, todo, workers, report):
            if isinstance(done, Failure):
                result.failures.append(done)
            else:
                sections[done.number] = done
                result.written.append(done.number)
        result.written.sort()
        if sections:
            _finish(plan, [sections[number] for number in sorted(sections)])
    return result


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


def _written(
    plan: Plan, todo: list[PlannedSection], workers: int, report: Callable[[Progress], None] | None
) -> Iterator[Section | Failure]:
    """What became of each section, in the order in which they end."""
    context, parallel = get_context("spawn"), workers > 1 and len(todo) > 1
    done = context.Array("Q", len(todo), lock=False) if parallel else [0] * len(todo)
    progress = PixelProgress("ingesting sections", [each.pixels for each in todo], done, report)
    write = partial(_write_section, plan.folder, plan.brain.id, plan.brain.pixel_size_um)
    if not parallel:
        for index, planned in enumerate(todo):
            yield write(planned, partial(_count_and_tell, progress, index))
            _count_and_tell(progress, index, planned.pixels, now=True)
        return
    pool = ProcessPoolExecutor(min(workers, len(todo)), context, _begin_worker, (plan.folder, done))
    try:
        waiting = {pool.submit(write, planned, partial(_count, index)): index for index, planned in enumerate(todo)}
        while waiting:
            for future in wait(waiting, processes.REPORT_EVERY_S, FIRST_COMPLETED).done:
                index = waiting.pop(future)
                yield future.result()
                done[index] = todo[index].pixels  # also of a broken image, which is done with
            progress.tell(now=not waiting)
    except BrokenProcessPool as error:
        raise IngestError(
            "a process that wrote sections was killed; start the same command again, it goes on where it was "
            "(with fewer --workers if memory ran out)"
        ) from error
    finally:  # after an error or Ctrl-C nothing new is begun
        pool.shutdown(cancel_futures=True)


def _count_and_tell(progress: PixelProgress, index: int, pixels: int, *, now: bool = False) -> None:
    progress.done[index] = pixels
    progress.tell(now=now)


_shared_counts: list[MutableSequence[int]] = []  # in a worker: the memory in which it counts pixels for its parent


def _begin_worker(folder: Path, done: MutableSequence[int]) -> None:
    begin_writing(folder)  # before the parent is looked for: from now on either it lives or the next ingest waits
    begin_worker()
    _shared_counts.append(done)


def _count(index: int, pixels: int) -> None:
    _shared_counts[0][index] = pixels


def _write_section(
    folder: Path, brain_id: str, pixel_size_um: float, planned: PlannedSection, on_pixels: Callable[[int], None]
) -> Section | Failure:
    """Write one section's pyramid and its place in the journal; `on_pixels` is told how many pixels are read."""
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

            def read_rows(first: int, count: int) -> GrayImage:
                on_pixels(first * image.width_px)
                return image.read_rows(first, count)

            write_pyramid(path, read_rows, image.width_px, image.height_px, options)
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
