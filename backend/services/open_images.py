"""Images of sections kept open: checked against the file on disk, and bounded in how many threads wait for one of them.

Tiles are kept for ever by browsers under the fingerprint that `brain.json` has, so no tile may come from another file: one
that was written after `brain.json` is hashed before it is believed, and one that changes while it is open is opened anew.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.domain.errors import BusyError
from core.contracts.datasets import Section
from core.datasets import BrainFolder, DatasetError, fingerprint_file
from core.imaging.pyramid import Pyramid

OPEN_IMAGES = 64
# Of the 32 threads of a worker (gunicorn_conf), event streams take 16 at most.
READERS_OF_ONE_SECTION = 8
PATIENCE_S = 2.0

SectionKey = tuple[str, int]


class ChangedImageError(DatasetError):
    """The image file is not the one whose fingerprint stands in `brain.json`."""


@dataclass(frozen=True, slots=True)
class FileState:
    """Differs as soon as another file stands at the path, or the file is written to."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileState | None":
        """The state of the file at a path; None where nothing can be seen."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class OpenImage:
    """An open pyramid, the fingerprint it is known by, and the state its file had when it was opened."""

    pyramid: Pyramid
    fingerprint: str
    state: FileState | None

    def is_current(self) -> bool:
        """Whether the path still holds what was opened."""
        return self.state is not None and self.state == FileState.of(self.pyramid.path)


class OpenImages:
    """The images used last stay open. A dropped one closes itself once the last reader has let go of it."""

    def __init__(self, capacity: int = OPEN_IMAGES) -> None:
        self._capacity = capacity
        self._open: OrderedDict[SectionKey, OpenImage] = OrderedDict()
        self._lock = threading.Lock()
        self._fingerprints: dict[FileState, str] = {}

    def get(self, folder: BrainFolder, section: Section) -> OpenImage:
        """The image of a section, opened when it is not open yet.

        ChangedImageError when it is another one than `brain.json` says, and what BrainFolder.pyramid raises.
        """
        key = (folder.brain.id, section.number)
        with self._lock:
            held = self._open.get(key)
            if held and held.fingerprint == section.fingerprint:
                self._open.move_to_end(key)
                return held
        # Opened outside the lock, so that a slow disk holds up nobody else; of two opened at once the later one is kept.
        fresh = self._opened(folder, section)
        with self._lock:
            self._open[key] = fresh
            self._open.move_to_end(key)
            while len(self._open) > self._capacity:
                self._open.popitem(last=False)
        return fresh

    def drop(self, folder: BrainFolder, section: Section, image: OpenImage) -> None:
        """Open the section anew next time, unless another thread has done so."""
        key = (folder.brain.id, section.number)
        with self._lock:
            if self._open.get(key) is image:
                del self._open[key]

    def _opened(self, folder: BrainFolder, section: Section) -> OpenImage:
        state = FileState.of(folder.section_path(section.number))
        pyramid = folder.pyramid(section.number)
        if state and state.modified_ns > folder.written_ns and self._fingerprint(pyramid.path, state) != section.fingerprint:
            pyramid.close()
            raise ChangedImageError(pyramid.path, "it was changed after it was ingested")
        return OpenImage(pyramid, section.fingerprint, state)

    def _fingerprint(self, path: Path, state: FileState) -> str:
        """Of a file in this state; each is hashed once, because large ones take seconds."""
        if state not in self._fingerprints:
            self._fingerprints[state] = fingerprint_file(path)
        return self._fingerprints[state]


class ReadingPlaces:
    """So many threads at most read one section: where its disk hangs, the others stay free for everything else."""

    def __init__(self, most: int = READERS_OF_ONE_SECTION, patience_s: float = PATIENCE_S) -> None:
        self._most, self._patience_s = most, patience_s
        self._taken: Counter[SectionKey] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, key: SectionKey) -> Iterator[None]:
        """A place for as long as the section is read; BusyError when none becomes free soon."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken[key] < self._most, self._patience_s):
                raise BusyError(
                    f"The disk with section {key[1]} of brain {key[0]} answers slowly. Wait a moment and try again.",
                    {"retry_after_s": 5},
                )
            self._taken[key] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]
                self._changed.notify_all()
