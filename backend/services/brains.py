"""The brain datasets below the brains folder, kept in memory and looked at again every few seconds."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from backend.domain.errors import NotFoundError, UnreadableDataError
from core.contracts.api import BrainList
from core.contracts.datasets import Alignment, Brain, Section
from core.datasets import BrainFolder, DatasetError, find_brains

LOOK_AGAIN_S = 10.0


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
        """The alignment of a brain's sections; NotFoundError, UnreadableDataError."""
        folder = self.folder(brain_id)
        try:
            return folder.alignment
        except DatasetError as error:
            raise UnreadableDataError(f"The alignment of brain {brain_id} cannot be read: {error}") from error

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
