"""The analysis store: all sections of a brain at one pixel size in one chunked HDF5 file (thesis 4.3.4).

Dataset `sections/0901` is uint8 (height, width). All space is laid out before pixels are written
(`core.imaging.store_layout`); afterwards only pixels and fixed-size attributes change in place, so that a writer killed
at any moment leaves a readable file. A section counts once its attribute `complete` holds the fingerprint of the image
it was made from; `strip_crc32` holds a checksum for each STRIP_PX rows. With the split driver `B20-m.h5` holds the
structure and `B20-r.h5` the pixels.

HDF5 has one lock for all threads: read from several processes to read faster.
"""

import errno
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from core.imaging.errors import UnreadableImageError
from core.imaging.resampling import Image

STRIP_PX = 512
META, RAW = "-m.h5", "-r.h5"
# Of fixed length: strings of any length would go to the file of the pixels.
FORMAT, VERSION = np.bytes_(b"brodmann-analysis-store"), 1
LIBVER = ("v108", "v108")  # later versions leave an "open for writing" mark when a writer is killed
_OPEN_DATASETS = 32  # the sections read last, each with a cache of its own
_CHUNK_CACHE_BYTES = 8 << 20  # never 0: without a cache every row of a chunk becomes a read of its own
_DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError)
_REBUILD = "Remove it and build the store again"
_RESUME = "Build the store again; it goes on where it was"


@dataclass(frozen=True, slots=True)
class StoredSize:
    """A section's place in the store."""

    number: int
    width_px: int
    height_px: int


def store_file(folder: Path, brain_id: str, *, split: bool) -> Path:
    """Where a brain's store is; with the split driver its structure file stands for both."""
    return folder / f"{brain_id}{META if split else '.h5'}"


def raw_file(path: Path) -> Path:
    """The file with the pixels."""
    return path.with_name(path.name.removesuffix(META) + RAW) if path.name.endswith(META) else path


def checksum(rows: Image) -> int:
    """CRC-32 over the pixels of a strip, row by row."""
    return zlib.crc32(np.ascontiguousarray(rows).data)


def journal_file(path: Path) -> Path:
    """Where `core.imaging.store_layout` keeps what it overwrites while it changes the structure of a store."""
    return path.with_name(f".undo-{path.name}")


def interrupted(path: Path) -> bool:
    """Whether a change of the structure was begun and has not ended."""
    return journal_file(path).exists()


class AnalysisStore:
    """An open store to read from. May be pickled and forked: each process opens the file for itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process = os.getpid()
        self._file = _open_store(path, "r")
        self._datasets: dict[int, Any] = {}
        with named_errors(path):
            self.pixel_size_um = float(self._file.attrs["pixel_size_um"])
            self.chunk_px = int(self._file.attrs["chunk_px"])
            self.places = len(self._file["sections"])

    def __reduce__(self) -> tuple[type["AnalysisStore"], tuple[Path]]:
        return AnalysisStore, (self.path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; readers of its sections then raise UnreadableImageError."""
        self._datasets.clear()
        self._file.close()

    def sizes(self) -> tuple[StoredSize, ...]:
        """Every section that the store has a place for, by number."""
        with named_errors(self.path):
            return stored_sizes(self._file)

    def completed(self) -> dict[int, str]:
        """Numbers of the sections that are whole, with the fingerprint of the image each was made from."""
        with named_errors(self.path):
            return _completed(self._file)

    def section(self, number: int) -> "StoredSection":
        """A reader; KeyError for a section without a place, UnreadableImageError for one that is not whole."""
        with named_errors(self.path):
            found = f"sections/{dataset_name(number)}" in self._file
        if not found:
            raise KeyError(f"{self.path} has no section {number}")
        with named_errors(self.path):
            dataset = self._file["sections"][dataset_name(number)]
            complete, (height, width) = bytes(dataset.attrs["complete"]), dataset.shape
        if not complete:
            raise UnreadableImageError(self.path, f"section {number} is not finished", _RESUME)
        return StoredSection(self, StoredSize(number, int(width), int(height)), complete.decode())

    def dataset(self, number: int) -> Any:  # noqa: ANN401 - h5py is untyped
        """The open dataset of a section, in this process."""
        if self._process != os.getpid():
            self._process, self._file, self._datasets = os.getpid(), _open_store(self.path, "r"), {}
        opened = self._datasets.pop(number, None)
        if opened is None:
            opened = self._file["sections"][dataset_name(number)]
            while len(self._datasets) >= _OPEN_DATASETS:
                self._datasets.pop(next(iter(self._datasets)), None)  # closed with its cache
        self._datasets[number] = opened  # the last used is the last
        return opened


class StoredSection:
    """A section of the store, a `SectionReader` with one level."""

    stored_levels = (0,)

    def __init__(self, store: AnalysisStore, size: StoredSize, fingerprint: str) -> None:
        self.store, self.fingerprint = store, fingerprint
        self.path, self.number = store.path, size.number
        self.pixel_size_um = store.pixel_size_um
        self.width_px, self.height_px = size.width_px, size.height_px

    @property
    def handle_bytes(self) -> int:
        """Its share of the caches, when all sections of the store are read in turn."""
        return _CHUNK_CACHE_BYTES * _OPEN_DATASETS // max(_OPEN_DATASETS, self.store.places)

    def level_pixel_size_um(self, level: int) -> float:
        """Pixel size of a level: doubled with each step."""
        return self.pixel_size_um * 2.0**level

    def read(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int, fill: int = 255) -> Image:
        """Pixels of a window (height, width); `fill` outside the image. IndexError for a level other than 0."""
        if level:
            raise IndexError(f"{self.path}: the store has level 0 only, not {level}")
        left, right = max(x_px, 0), min(x_px + width_px, self.width_px)
        top, bottom = max(y_px, 0), min(y_px + height_px, self.height_px)
        inside = right - left == width_px and bottom - top == height_px
        out = np.empty((height_px, width_px), np.uint8) if inside else np.full((height_px, width_px), fill, np.uint8)
        if left < right and top < bottom:
            place = np.s_[top - y_px : bottom - y_px, left - x_px : right - x_px]
            with named_errors(self.path):
                self.store.dataset(self.number).read_direct(out, np.s_[top:bottom, left:right], place)
        return out


class StoreWriter:
    """The one process that writes a store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open_store(path, "r+")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def completed(self) -> dict[int, str]:
        """Like AnalysisStore.completed."""
        with named_errors(self.path):
            return _completed(self._file)

    def write(self, number: int, first_row: int, rows: Image, crc32: int) -> None:
        """Store a strip and its checksum; from the first strip on the section does not count until `finish`."""
        with named_errors(self.path):
            dataset = self._file["sections"][dataset_name(number)]
            if first_row == 0:
                self.forget(number)
            dataset[first_row : first_row + len(rows)] = rows
            checksums = dataset.attrs["strip_crc32"]
            checksums[first_row // STRIP_PX] = crc32
            dataset.attrs.modify("strip_crc32", checksums)

    def forget(self, number: int) -> None:
        """Let a section count no longer."""
        with named_errors(self.path):
            self._file["sections"][dataset_name(number)].attrs.modify("complete", np.array(b"", "S64"))
            self._file.flush()

    def finish(self, number: int, fingerprint: str) -> None:
        """Everything of the section is written: bring it to the disk, and then let it count."""
        with named_errors(self.path):
            self._sync()
            self._file["sections"][dataset_name(number)].attrs.modify("complete", np.array(fingerprint.encode(), "S64"))
            self._sync()

    def _sync(self) -> None:
        self._file.flush()
        for path in {self.path, raw_file(self.path)}:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def damaged_sections(path: Path) -> dict[int, int]:
    """Read everything once: numbers of whole sections whose pixels differ from their checksums, with the strips that do."""
    damaged = {}
    with AnalysisStore(path) as store:
        for number in store.completed():
            section = store.section(number)
            with named_errors(path):
                expected = store.dataset(number).attrs["strip_crc32"]
            wrong = 0
            for index, crc32 in enumerate(expected):
                count = min(STRIP_PX, section.height_px - index * STRIP_PX)
                wrong += checksum(section.read(0, 0, index * STRIP_PX, section.width_px, count)) != crc32
            if wrong:
                damaged[number] = wrong
    return damaged


def dataset_name(number: int) -> str:
    """What a section's dataset is called."""
    return f"{number:04d}"


def stored_sizes(file: h5py.File) -> tuple[StoredSize, ...]:
    """The places in an open file, by number."""
    shapes = {int(name): dataset.shape for name, dataset in file["sections"].items()}
    return tuple(StoredSize(number, shape[1], shape[0]) for number, shape in sorted(shapes.items()))


def _completed(file: h5py.File) -> dict[int, str]:
    marks = {int(name): bytes(dataset.attrs["complete"]).decode() for name, dataset in file["sections"].items()}
    return {number: mark for number, mark in sorted(marks.items()) if mark}


def open_file(path: Path, mode: str) -> h5py.File:
    """Open one file, or both of a split store, with the errors of h5py."""
    options: dict[str, Any] = {"rdcc_nbytes": _CHUNK_CACHE_BYTES, "mode": mode}
    if mode != "r":
        options["libver"] = LIBVER
    if path.name.endswith(META):
        return h5py.File(
            path.with_name(path.name.removesuffix(META)),
            driver="split",
            meta_ext=META.encode(),
            raw_ext=RAW.encode(),
            **options,
        )
    return h5py.File(path, **options)


def _open_store(path: Path, mode: str) -> h5py.File:
    for part in (path, raw_file(path)):
        if not part.is_file():
            raise UnreadableImageError(part, "there is no such file", "Build the store")
    if interrupted(path):
        raise UnreadableImageError(path, "giving it places for more sections was interrupted or is under way", _RESUME)
    with named_errors(path):
        file = open_file(path, mode)
        found_format = (file.attrs.get("format"), file.attrs.get("format_version"))
        expected = int(file.attrs.get("raw_bytes", 0))
    if found_format != (FORMAT, VERSION):
        file.close()
        raise UnreadableImageError(path, "it is no analysis store of this version", _REBUILD)
    found = raw_file(path).stat().st_size
    if found < expected:  # HDF5 itself would read zeros where the pixel file of a split store ends early
        file.close()
        raise UnreadableImageError(raw_file(path), f"it is truncated: {found} bytes of {expected}", _REBUILD)
    return file


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn what h5py raises into UnreadableImageError, with the reason in words."""
    try:
        yield
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno == errno.EAGAIN:
            raise UnreadableImageError(path, "another process is writing it", "Wait until that has ended") from error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnreadableImageError(path, "the disk is full", f"Free some space. {_RESUME}") from error
        raise UnreadableImageError(path, f"it is damaged or no HDF5 file ({error})", _REBUILD) from error
