"""Open a section for analysis: the store's pixels where the brain has a store, the image file's otherwise."""

import logging
from types import TracebackType
from typing import Self

from core.datasets.folder import BrainFolder
from core.imaging.errors import UnreadableImageError
from core.imaging.pyramid import Pyramid
from core.imaging.reader import SectionReader
from core.imaging.resampling import Image
from core.imaging.store import AnalysisStore, StoredSection, store_file

_SAME_SIZE = 1e-6
_log = logging.getLogger(__name__)


def open_section(folder: BrainFolder, number: int) -> "OpenSection":
    """A reader of a section, to be closed; with the errors of `BrainFolder.pyramid`.

    At the store's pixel size it reads the store, where the brain folder has one that holds the section whole and made
    from the image that is there; at all other sizes, and without such a store, it reads the image file's pyramid.
    """
    pyramid = folder.pyramid(number)
    return OpenSection(pyramid, _stored(folder, number))


class OpenSection:
    """A section's pyramid, its level at the store's pixel size read from the store; a `SectionReader`."""

    def __init__(self, pyramid: Pyramid, stored: StoredSection | None) -> None:
        self._pyramid, self._stored = pyramid, stored
        levels: list[tuple[float, SectionReader, int]] = [
            (pyramid.level_pixel_size_um(level), pyramid, level) for level in pyramid.stored_levels
        ]
        if stored is not None:
            levels = [each for each in levels if abs(each[0] / stored.pixel_size_um - 1) > _SAME_SIZE]
            levels.append((stored.pixel_size_um, stored, 0))
        self._levels = sorted(levels, key=lambda each: each[0])
        self.path = pyramid.path
        self.pixel_size_um = pyramid.pixel_size_um
        self.width_px, self.height_px = pyramid.width_px, pyramid.height_px
        self.stored_levels = tuple(range(len(self._levels)))
        self.handle_bytes = pyramid.handle_bytes + (stored.handle_bytes if stored else 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the files behind it."""
        self._pyramid.close()
        if self._stored is not None:
            self._stored.store.close()

    @property
    def store(self) -> StoredSection | None:
        """What is read at the store's pixel size, or None when all is read from the image file."""
        return self._stored

    def level_pixel_size_um(self, level: int) -> float:
        """Pixel size of a level; levels are numbered from the finest."""
        return self._levels[level][0]

    def read(self, level: int, x_px: int, y_px: int, width_px: int, height_px: int, fill: int = 255) -> Image:
        """Pixels of a window in the level's own pixel indices, (height, width); `fill` outside the image."""
        _, reader, own_level = self._levels[level]
        return reader.read(own_level, x_px, y_px, width_px, height_px, fill)


def _stored(folder: BrainFolder, number: int) -> StoredSection | None:
    section = folder.brain.section(number)
    for split in (False, True):
        path = store_file(folder.path, folder.brain.id, split=split)
        if not path.exists():
            continue
        try:
            stored = AnalysisStore(path).section(number)
        except KeyError:
            continue  # a section that came later
        except UnreadableImageError as error:  # being built, or damaged: the image file has the pixels too
            _log.warning("section %d is read from its image file: %s", number, error)
            continue
        if stored.fingerprint == section.fingerprint:
            return stored
        stored.store.close()
    return None
