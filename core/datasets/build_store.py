"""Build a brain's analysis store: processes or MPI ranks read and resample strips of sections, one process writes them."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.contracts.datasets import Section
from core.contracts.jobs import Progress
from core.datasets.files import DatasetError, fingerprint_file
from core.datasets.folder import BrainFolder
from core.datasets.workers import PixelProgress, Workers, open_workers
from core.imaging.cubic import cubic_support, shrink_cubic
from core.imaging.errors import UnreadableImageError
from core.imaging.pyramid import Pyramid, open_pyramid
from core.imaging.reader import HandleCache
from core.imaging.resampling import Image
from core.imaging.store import STRIP_PX, AnalysisStore, StoredSize, StoreWriter, checksum, store_file
from core.imaging.store_layout import change_store, create_store, undo

_FINEST_RATIO = 2.25  # the cubic kernel spans four pixels: finer levels would be aliased
_SHIFT_PX = 0.5  # pixel sizes count as equal when the image's far end is less than this away
_OPEN_SECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store is built. The thesis has chunks of 2048 px; 512 px read less around a patch."""

    pixel_size_um: float = 2.0
    chunk_px: int = 512
    split: bool = False
    workers: int = 2
    mpi: bool = False
    """The other ranks of mpiexec resample, in place of processes started here."""


@dataclass(frozen=True, slots=True)
class _Source:
    """The level that a stored section is made from; it is copied where the ratio is 1."""

    level: int
    ratio: float


@dataclass(frozen=True, slots=True)
class _Task:
    """One strip to make: rows of the stored section, from its image file."""

    section: Section
    path: Path
    size: StoredSize
    pixel_size_um: float
    first_row: int

    @property
    def row_count(self) -> int:
        return min(STRIP_PX, self.size.height_px - self.first_row)

    @property
    def is_last(self) -> bool:
        return self.first_row + self.row_count == self.size.height_px


@dataclass(frozen=True, slots=True)
class _Strip:
    rows: Image
    crc32: int
    fingerprint: str  # of the image file, read with the last strip only


def build_store(folder: Path, options: StoreOptions, report: Callable[[Progress], None]) -> Path | None:
    """Build the store of the brain in `folder`, or go on with it: sections that are whole and unchanged are kept.

    New sections get a place in a store that is there already; changed ones are made again. Sections of the wanted pixel
    size are copied, finer ones are resampled with cubic interpolation. Returns the store's file, or None in an MPI rank
    that resampled for the first one. Raises DatasetError or UnreadableImageError naming the file at fault; where that is
    a section's image, the other sections are stored first.
    """
    brain = BrainFolder(folder)
    path = store_file(folder, brain.brain.id, split=options.split)
    with open_workers(options.workers, mpi=options.mpi) as workers:
        if workers is None:
            return None
        _build(brain, path, options, workers, report)
    return path


def read_strip(pyramid: Pyramid, pixel_size_um: float, first_row: int, row_count: int) -> Image:
    """Rows of the section at `pixel_size_um`, uint8 (rows, width): the rows that the whole image resampled would have."""
    source = _source(pyramid, pixel_size_um)
    level = pyramid.levels[source.level]
    if source.ratio == 1:
        return pyramid.read(source.level, 0, first_row, level.width_px, row_count)
    rows = range(first_row, first_row + row_count)
    support = cubic_support(rows, source.ratio, level.height_px)
    pixels = pyramid.read(source.level, 0, support.start, level.width_px, len(support))
    shape = level.height_px, stored_side_px(level.width_px, source.ratio)
    return shrink_cubic(pixels, support.start, source.ratio, rows, shape)


def stored_side_px(side_px: int, ratio: float) -> int:
    """Pixels of a side made smaller by `ratio`, the last of them perhaps partly beyond the image."""
    return math.ceil(side_px / ratio - 1e-3)


def _source(pyramid: Pyramid, pixel_size_um: float) -> _Source:
    """The finest level that the kernel does not alias: full resolution from 1 µm to 2 µm."""
    side_px = max(pyramid.width_px, pyramid.height_px)
    for level in pyramid.levels:
        ratio = pixel_size_um / pyramid.level_pixel_size_um(level.level)
        if abs(ratio - 1) * side_px / 2**level.level < _SHIFT_PX:
            return _Source(level.level, 1.0)
        if 1 < ratio <= _FINEST_RATIO:
            return _Source(level.level, ratio)
    raise DatasetError(
        pyramid.path,
        f"its pixels are {pyramid.pixel_size_um:g} µm, and a store of {pixel_size_um:g} µm is made from pixels of this "
        "size or finer; give a larger pixel size",
    )


def _stored_size(brain: BrainFolder, section: Section, pixel_size_um: float) -> StoredSize:
    with brain.pyramid(section.number) as pyramid:
        source = _source(pyramid, pixel_size_um)
        level = pyramid.levels[source.level]
    width, height = (stored_side_px(side, source.ratio) for side in (level.width_px, level.height_px))
    return StoredSize(section.number, width, height)


def _build(brain: BrainFolder, path: Path, options: StoreOptions, workers: Workers, report: Callable[[Progress], None]) -> None:
    sections = brain.brain.sections
    sizes = [_stored_size(brain, section, options.pixel_size_um) for section in sections]
    if path.exists():
        undo(path)
        if _places(path, options) != sizes:
            change_store(path, sizes)
    else:
        create_store(path, options.pixel_size_um, options.chunk_px, sizes)
    with StoreWriter(path) as writer:
        done = writer.completed()
        tasks = [
            _Task(section, brain.section_path(section.number), size, options.pixel_size_um, first_row)
            for section, size in zip(sections, sizes, strict=True)
            if done.get(section.number) != section.fingerprint
            for first_row in range(0, size.height_px, STRIP_PX)
        ]
        _write_all(writer, tasks, workers, report)


def _places(path: Path, options: StoreOptions) -> list[StoredSize]:
    """The places in a store; DatasetError for a store of another form."""
    with AnalysisStore(path) as store:
        found = (store.pixel_size_um, store.chunk_px)
        sizes = store.sizes()
    for what, there, wanted in zip(("pixel size", "chunks"), found, (options.pixel_size_um, options.chunk_px), strict=True):
        if there != wanted:
            raise DatasetError(path, f"it was begun for other {what} ({there:g}); remove it to build it anew")
    return list(sizes)


def _write_all(writer: StoreWriter, tasks: list[_Task], workers: Workers, report: Callable[[Progress], None]) -> None:
    """Write every strip; sections whose image is at fault are left unfinished and told at the end."""
    numbers = {number: index for index, number in enumerate(dict.fromkeys(task.section.number for task in tasks))}
    sizes = {task.section.number: task.size.width_px * task.size.height_px for task in tasks}
    progress = PixelProgress("storing sections", [sizes[number] for number in numbers], [0] * len(numbers), report)
    failures: dict[int, str] = {}
    for task, strip in _made(tasks, workers):
        number = task.section.number
        if number in failures:
            continue
        try:
            _write_strip(writer, task, strip.result())
        except (DatasetError, UnreadableImageError) as error:
            if error.path == writer.path:
                raise
            failures[number] = str(error)
        progress.done[numbers[number]] += task.size.width_px * task.row_count
        progress.tell(now=True)
    if failures:
        told = "\n".join(failures.values())
        raise DatasetError(writer.path, f"{len(failures)} sections could not be stored, all others are:\n{told}")


def _write_strip(writer: StoreWriter, task: _Task, strip: _Strip) -> None:
    writer.write(task.section.number, task.first_row, strip.rows, strip.crc32)
    if task.is_last:
        if strip.fingerprint != task.section.fingerprint:
            raise DatasetError(task.path, "its content changed since it was ingested; ingest it again")
        writer.finish(task.section.number, strip.fingerprint)


def _made(tasks: list[_Task], workers: Workers) -> Iterator[tuple[_Task, Future[_Strip]]]:
    """The strips in order, only as many ahead as keep the workers busy, so that memory stays bounded."""
    ahead: deque[tuple[_Task, Future[_Strip]]] = deque()
    try:
        for task in tasks:
            ahead.append((task, workers.pool.submit(_make, task)))
            if len(ahead) > workers.count + 1:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    except BrokenProcessPool as error:
        told = "a process that resampled it was killed; start again with fewer workers if memory ran out"
        raise DatasetError(tasks[0].path.parent, told) from error


@cache
def _open_sections() -> HandleCache[tuple[Path, str], Pyramid]:
    """By path and fingerprint: the image under a path may be replaced."""
    return HandleCache(lambda key: open_pyramid(key[0]), _OPEN_SECTIONS)


def _make(task: _Task) -> _Strip:
    pyramid = _open_sections().get((task.path, task.section.fingerprint))
    rows = read_strip(pyramid, task.pixel_size_um, task.first_row, task.row_count)
    return _Strip(rows, checksum(rows), fingerprint_file(task.path) if task.is_last else "")
