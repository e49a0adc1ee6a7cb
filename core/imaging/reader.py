"""One interface to a section's pixels, whatever stores them, and a bounded cache of open readers."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, Protocol, TypeVar

from core.imaging.resampling import Image


class SectionReader(Protocol):
    """An open section image: `Pyramid` (a TIFF file) and `StoredSection` (a dataset of the analysis store) are such."""

    @property
    def path(self) -> Path:
        """The file it reads."""

    @property
    def pixel_size_um(self) -> float:
        """Pixel size of level 0."""

    @property
    def width_px(self) -> int:
        """Width of level 0."""

    @property
    def height_px(self) -> int:
        """Height of level 0."""

    @property
    def stored_levels(self) -> tuple[int, ...]:
        """The levels that are read and not computed, finest first."""

    @property
    def handle_bytes(self) -> int:
        """Memory that holding it open takes: its tables, and its cache when full."""

    def level_pixel_size_um(self, level: int) -> float:
        """Pixel size of a level."""

    def read(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int, fill: int = 255) -> Image:
        """Pixels of a window in the level's own pixel indices, (height, width); `fill` outside the image."""


Key = TypeVar("Key", bound=Hashable)
Reader = TypeVar("Reader", bound=SectionReader)


@dataclass(frozen=True, slots=True)
class OpenHandles:
    """What a cache holds open: readers, the files behind them, and the memory of each reader."""

    readers: int
    files: int
    bytes_per_handle: float


class HandleCache(Generic[Key, Reader]):
    """Keeps the `limit` readers used last, so that training neither reopens files nor exhausts handles (thesis 4.3.3).

    A reader that is dropped closes when its last user lets go of it: a read under way in another thread ends well.
    Each process needs its own cache.
    """

    def __init__(self, open_reader: Callable[[Key], Reader], limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit}")
        self._open_reader, self._limit = open_reader, limit
        self._readers: OrderedDict[Key, Reader] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Reader:
        """The open reader of a key; opened when it is not held, with the errors of opening."""
        with self._lock:
            if key not in self._readers:
                self._readers[key] = self._open_reader(key)
                if len(self._readers) > self._limit:
                    self._readers.popitem(last=False)
            self._readers.move_to_end(key)
            return self._readers[key]

    def held(self) -> OpenHandles:
        """How much is open now."""
        with self._lock:
            readers = list(self._readers.values())
        total = sum(reader.handle_bytes for reader in readers)
        return OpenHandles(len(readers), len({reader.path for reader in readers}), total / max(1, len(readers)))
