"""Lay out the places of sections in an analysis store, so that a process killed at any moment leaves a whole store.

A new store appears under its name when its structure is whole. When sections come, go or change their size, structure
has to change within a file that holds pixels: a split store gets a new structure file, put in place by rename; in a
store of one file everything that is overwritten is first kept in a journal beside it, from which `undo` brings it back.
Pixels of the other sections are neither moved nor read; the space of sections that went is lost until the store is
built anew.
"""

import fcntl
import io
import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from core.imaging.errors import UnreadableImageError
from core.imaging.store import (
    FORMAT,
    LIBVER,
    STRIP_PX,
    VERSION,
    StoredSize,
    dataset_name,
    interrupted,
    journal_file,
    named_errors,
    open_file,
    raw_file,
    stored_sizes,
)

_SIZE, _RECORD = struct.Struct("<Q"), struct.Struct("<QQ")


def create_store(path: Path, pixel_size_um: float, chunk_px: int, sizes: Sequence[StoredSize]) -> None:
    """Lay out an empty store; no pixel is written yet."""
    if chunk_px < 16:
        raise ValueError(f"chunk_px must be at least 16, got {chunk_px}")
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        with open_file(partial, "w") as file:
            file.attrs.update({"format": FORMAT, "format_version": VERSION, "pixel_size_um": float(pixel_size_um)})
            file.attrs["chunk_px"] = chunk_px
            file.create_group("sections")
            file.attrs["raw_bytes"] = 0
            _change(file, partial, sizes)
        if raw_file(path) != path:
            os.replace(raw_file(partial), raw_file(path))
        os.replace(partial, path)
    finally:
        for leftover in {partial, raw_file(partial)}:
            leftover.unlink(missing_ok=True)


def change_store(path: Path, sizes: Sequence[StoredSize]) -> None:
    """Give the store places for exactly these sections; those that keep their size keep their pixels.

    UnreadableImageError while somebody reads or writes it.
    """
    with _held(path), named_errors(path):
        if raw_file(path) == path:
            _change_one_file(path, sizes)
        else:
            _change_split(path, sizes)


def undo(path: Path) -> None:
    """Bring back what a killed `change_store` had begun to overwrite; nothing where none was killed."""
    if not interrupted(path):
        return
    with _held(path), named_errors(path), path.open("r+b") as file, journal_file(path).open("rb") as journal:
        head = journal.read(_SIZE.size)
        if len(head) == _SIZE.size:
            for position, content in reversed(list(_records(journal))):
                file.seek(position)
                file.write(content)
            file.truncate(*_SIZE.unpack(head))
            _to_disk(file)
    journal_file(path).unlink()


def _change_one_file(path: Path, sizes: Sequence[StoredSize]) -> None:
    with journal_file(path).open("wb", buffering=0) as journal:
        with KeepingFile(path, journal) as kept, h5py.File(kept, "r+", driver="fileobj", libver=LIBVER) as file:
            _change(file, path, sizes)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    journal_file(path).unlink()


def _change_split(path: Path, sizes: Sequence[StoredSize]) -> None:
    """HDF5 finds the pixels of the new structure file through a link, and appends places to them."""
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        shutil.copyfile(path, partial)
        raw_file(partial).symlink_to(raw_file(path).name)
        with open_file(partial, "r+") as file:
            _change(file, partial, sizes)
        os.replace(partial, path)
    finally:
        for leftover in (partial, raw_file(partial)):
            leftover.unlink(missing_ok=True)


def _change(file: h5py.File, path: Path, sizes: Sequence[StoredSize]) -> None:
    group, chunk_px = file["sections"], int(file.attrs["chunk_px"])
    there = set(stored_sizes(file))
    dropped = file.require_group("dropped")
    for size in there - set(sizes):  # kept out of sight: freed space could be cut off or reused before the change counts
        file.move(f"sections/{dataset_name(size.number)}", f"dropped/{len(dropped)}")
    for size in sorted(set(sizes) - there, key=lambda size: size.number):
        _create_section(group, size, chunk_px)
    file.flush()
    if raw_file(path) != path:  # a single file knows its own length
        file.attrs.modify("raw_bytes", raw_file(path).stat().st_size)


def _create_section(group: h5py.Group, size: StoredSize, chunk_px: int) -> None:
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((min(chunk_px, size.height_px), min(chunk_px, size.width_px)))
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    layout.set_obj_track_times(False)  # the same sections make the same file
    space = h5py.h5s.create_simple((size.height_px, size.width_px))
    h5py.h5d.create(group.id, dataset_name(size.number).encode(), h5py.h5t.NATIVE_UINT8, space, layout)
    dataset = group[dataset_name(size.number)]
    dataset.attrs.create("complete", b"", dtype="S64")
    dataset.attrs.create("strip_crc32", np.zeros(-(-size.height_px // STRIP_PX), np.uint32))


class KeepingFile(io.FileIO):
    """A file that writes what it is going to overwrite to a journal first; it never becomes shorter than it was."""

    def __init__(self, path: Path, journal: io.FileIO) -> None:
        super().__init__(path, "r+")
        self._journal, self._size = journal, os.fstat(self.fileno()).st_size
        journal.write(_SIZE.pack(self._size))
        _to_disk(journal)

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever has bytes
        """Like FileIO.write."""
        position = self.tell()
        count = min(memoryview(data).nbytes, self._size - position)
        if count > 0:
            self._journal.write(_RECORD.pack(position, count) + os.pread(self.fileno(), count, position))
            _to_disk(self._journal)
        return super().write(data)

    def truncate(self, size: int | None = None, /) -> int:
        """Like FileIO.truncate."""
        return super().truncate(max(self._size, self.tell() if size is None else size))


def _records(journal: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """What was overwritten, in order; a last record that is cut off was followed by no overwriting."""
    while len(head := journal.read(_RECORD.size)) == _RECORD.size:
        position, count = _RECORD.unpack(head)
        content = journal.read(count)
        if len(content) < count:
            return
        yield position, content


def _to_disk(file: Any) -> None:  # noqa: ANN401 - raw and buffered files
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep everybody else out, by the lock that HDF5 itself takes."""
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnreadableImageError(path, "somebody reads or writes it", "Wait until that has ended") from error
        yield
