"""The brain datasets below the brains folder, kept in memory and looked at again every few seconds."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from backend.domain.errors import NotFoundError, UnreadableDataError
from core.anatomy.by_hand import unaligned
from core.contracts.api import BrainList
from core.contracts.datasets import Alignment, Brain, Section
from core.datasets import BrainFolder, DatasetError, find_brains
from core.datasets.files import ALIGNMENT_FILE

LOOK_AGAIN_S = 10.0


Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    folders: dict[str, BrainFolder]
    problems: tuple[str, ...]
    at: float


class Brains:
    """Finds brains and sections by identifier; identifiers from outside are looked up, never made into paths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._alignments: dict[str, tuple[Signature, Alignment]] = {}

    def all(self) -> BrainList:
        """Every brain, and those that cannot be read with the reason."""
        seen = self._look()
        return BrainList(brains=tuple(folder.brain for folder in seen.folders.values()), problems=seen.problems)

    def folder(self, brain_id: str) -> BrainFolder:
        """The dataset of a brain; NotFoundError."""
        try:
            return self._look().folders[brain_id]
        except KeyError:
            raise NotFoundError(f"There is no brain {brain_id}. The list of brains says which there are.") from None

    def newest(self, brain_id: str) -> BrainFolder:
        """The dataset of a brain as it is on disk now, where others are content with what was seen last; NotFoundError."""
        if not self.folder(brain_id).is_newest():
            with self._lock:
                if not self.folder(brain_id).is_newest():  # nobody looked while this thread waited
                    self._read()
        return self.folder(brain_id)

    def brain(self, brain_id: str) -> Brain:
        """One brain; NotFoundError."""
        return self.folder(brain_id).brain

    def alignment(self, brain_id: str) -> Alignment:
        """The alignment of a brain's sections as it is on disk now, without steps while there is none.

        NotFoundError, UnreadableDataError.
        """
        folder = self.folder(brain_id)
        if not folder.brain.sections:
            raise NotFoundError(f"Brain {brain_id} has no sections, so nothing is aligned. Ingest sections first.")
        signature = signature_of(folder.path / ALIGNMENT_FILE)
        known = self._alignments.get(brain_id)
        if signature is None:
            return unaligned(folder.brain)
        if known is None or known[0] != signature:
            try:
                known = signature, BrainFolder(folder.path).alignment
            except DatasetError as error:
                raise UnreadableDataError(f"The alignment of brain {brain_id} cannot be read: {error}") from error
            self._alignments[brain_id] = known
        return known[1]

    def section(self, brain_id: str, number: int) -> Section:
        """One section; NotFoundError."""
        return find_section(self.brain(brain_id), number)

    def _look(self) -> _Seen:
        seen = self._seen
        if seen is None:
            with self._lock:
                return self._seen or self._read()
        # One thread looks again; the others go on with what was seen, however slow the disk is.
        if time.monotonic() - seen.at > LOOK_AGAIN_S and self._lock.acquire(blocking=False):
            try:
                return self._read()
            finally:
                self._lock.release()
        return seen

    def _read(self) -> _Seen:
        at = time.monotonic()
        folders, problems = find_brains(self._root)
        self._seen = _Seen({folder.brain.id: folder for folder in folders}, tuple(problems), at)
        return self._seen


def find_section(brain: Brain, number: int) -> Section:
    """The brain's section with this number; NotFoundError."""
    try:
        return brain.section(number)
    except KeyError:
        raise NotFoundError(f"Brain {brain.id} has no section {number}.") from None


def image_version(section: Section) -> str:
    """What stands in tile addresses: changes with the image's content, so that tiles can be cached for ever."""
    return section.fingerprint[:16]


def thumbnail_url(brain_id: str, section: Section) -> str:
    """Where the section's thumbnail is served."""
    return f"/api/brains/{brain_id}/sections/{section.number}/thumbnail/{image_version(section)}"


def signature_of(path: Path) -> Signature | None:
    """What tells quickly that a file is another one than before: other processes change them too. None: there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
