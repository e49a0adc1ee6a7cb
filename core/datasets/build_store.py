"""Build a brain's analysis store: processes read and resample strips of sections, one process writes them."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import cv2

from core.contracts.datasets import Section
from core.contracts.jobs import Progress
from core.datasets.files import DatasetError, fingerprint_file
from core.datasets.folder import BrainFolder
from core.imaging.pyramid import Pyramid, open_pyramid
from core.imaging.reader import HandleCache
from core.imaging.resampling import Image, halve_cubic
from core.imaging.store import STRIP_PX, AnalysisStore, StoredSize, StoreWriter, checksum, create_store, store_file

_TOLERANCE = 1e-3
_HALO_PX = 2  # the cubic kernel reaches one pixel of the result beyond its own
_OPEN_SECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store is built. The thesis has chunks of 2048 px; 512 px read less around a patch."""

    pixel_size_um: float = 2.0
    chunk_px: int = 512
    split: bool = False
    workers: int = 2


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


def build_store(folder: Path, options: StoreOptions, report: Callable[[Progress], None]) -> Path:
    """Build the store of the brain in `folder`, or go on with it: sections that are whole and unchanged are kept.

    Sections of the wanted pixel size are copied; from half of it they are resampled with cubic interpolation. Returns
    the store's file. Raises DatasetError or UnreadableImageError naming the file at fault.
    """
    brain = BrainFolder(folder)
    path = store_file(folder, brain.brain.id, split=options.split)
    sizes = {section.number: _stored_size(brain, section, options.pixel_size_um) for section in brain.brain.sections}
    if path.exists():
        _refuse_other_layout(path, options, tuple(sizes.values()))
    else:
        create_store(path, options.pixel_size_um, options.chunk_px, tuple(sizes.values()))
    with StoreWriter(path) as writer:
        done = writer.completed()
        tasks = [
            _Task(section, brain.section_path(section.number), size, options.pixel_size_um, first_row)
            for section, size in zip(brain.brain.sections, sizes.values(), strict=True)
            if done.get(section.number) != section.fingerprint
            for first_row in range(0, size.height_px, STRIP_PX)
        ]
        _write_all(writer, tasks, options.workers, report)
    return path


def read_strip(pyramid: Pyramid, pixel_size_um: float, first_row: int, row_count: int) -> Image:
    """Rows of the section at `pixel_size_um`, uint8 (rows, width): the rows that the whole image resampled would have."""
    level = _source_level(pyramid, pixel_size_um)
    source = pyramid.levels[level]
    if abs(pyramid.level_pixel_size_um(level) / pixel_size_um - 1) < _TOLERANCE:
        return pyramid.read(level, 0, first_row, source.width_px, row_count)
    top = max(0, first_row - _HALO_PX)
    bottom = min(source.height_px, 2 * (first_row + row_count + _HALO_PX))
    rows = pyramid.read(level, 0, 2 * top, source.width_px, bottom - 2 * top)
    return halve_cubic(rows)[first_row - top : first_row - top + row_count]


def _source_level(pyramid: Pyramid, pixel_size_um: float) -> int:
    """Level 0 when it has the wanted pixel size, else the stored level of half of it."""
    for level in pyramid.stored_levels:
        wanted = pixel_size_um if level == 0 else pixel_size_um / 2
        sizes = {wanted, pixel_size_um / 2}
        if any(abs(pyramid.level_pixel_size_um(level) / size - 1) < _TOLERANCE for size in sizes):
            return level
    raise DatasetError(
        pyramid.path,
        f"its pixels are {pyramid.pixel_size_um:g} µm, and a store of {pixel_size_um:g} µm is made from pixels of "
        f"{pixel_size_um:g} or {pixel_size_um / 2:g} µm; give another pixel size",
    )


def _stored_size(brain: BrainFolder, section: Section, pixel_size_um: float) -> StoredSize:
    with brain.pyramid(section.number) as pyramid:
        level = _source_level(pyramid, pixel_size_um)
        source, halved = pyramid.levels[level], pyramid.level_pixel_size_um(level) < 0.75 * pixel_size_um
    width, height = (-(-side // 2) if halved else side for side in (source.width_px, source.height_px))
    return StoredSize(section.number, width, height)


def _refuse_other_layout(path: Path, options: StoreOptions, sizes: tuple[StoredSize, ...]) -> None:
    with AnalysisStore(path) as store:
        found = (store.pixel_size_um, store.chunk_px, store.sizes())
    for what, there, wanted in zip(
        ("pixel size", "chunks", "sections"), found, (options.pixel_size_um, options.chunk_px, sizes), strict=True
    ):
        if there != wanted:
            raise DatasetError(path, f"it was begun for other {what}; remove it to build it anew")


def _write_all(writer: StoreWriter, tasks: list[_Task], workers: int, report: Callable[[Progress], None]) -> None:
    started = time.monotonic()
    for step, (task, strip) in enumerate(_made(tasks, workers), 1):
        writer.write(task.section.number, task.first_row, strip.rows, strip.crc32)
        if task.is_last:
            if strip.fingerprint != task.section.fingerprint:
                raise DatasetError(task.path, "its content changed since it was ingested; ingest it again")
            writer.finish(task.section.number, strip.fingerprint)
        eta_s = (time.monotonic() - started) / step * (len(tasks) - step)
        report(Progress(at=datetime.now(UTC), phase="storing sections", step=step, of=len(tasks), eta_s=eta_s))


def _made(tasks: list[_Task], workers: int) -> Iterator[tuple[_Task, _Strip]]:
    """The strips in order; in processes only as many ahead as keep them busy, so that memory stays bounded."""
    if workers <= 1 or not tasks:
        yield from ((task, _make(task)) for task in tasks)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker)
    try:
        ahead: deque[tuple[_Task, Future[_Strip]]] = deque()
        for task in tasks:
            ahead.append((task, pool.submit(_make, task)))
            if len(ahead) > workers + 1:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    cv2.setNumThreads(1)  # the processes are the parallel work
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Callable[[], None]) -> None:
    """A killed parent tells its workers nothing: they would wait for work for ever."""
    wait()
    os._exit(1)


@cache
def _open_sections() -> HandleCache[Path, Pyramid]:
    return HandleCache(open_pyramid, _OPEN_SECTIONS)


def _make(task: _Task) -> _Strip:
    pyramid = _open_sections().get(task.path)
    rows = read_strip(pyramid, task.pixel_size_um, task.first_row, task.row_count)
    return _Strip(rows, checksum(rows), fingerprint_file(task.path) if task.is_last else "")
