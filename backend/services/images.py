"""Tiles and thumbnails of sections."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

from backend.domain.errors import NotFoundError, UnreadableDataError
from backend.ports import BlobStore
from backend.services.brains import Brains, image_version
from core.contracts.datasets import Section, TilePyramid
from core.datasets import DatasetError
from core.imaging.pyramid import Pyramid, UnreadableImageError
from core.imaging.sections import read_whole

OPEN_PYRAMIDS = 64
THUMBNAIL_WIDTH_PX = 256
THUMBNAIL_QUALITY = 85

PyramidKey = tuple[str, int, str]


class PyramidCache:
    """The pyramids used last stay open. A dropped one closes itself once the last reader has let go of it."""

    def __init__(self, capacity: int = OPEN_PYRAMIDS) -> None:
        self._capacity = capacity
        self._open: OrderedDict[PyramidKey, Pyramid] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: PyramidKey, opened: Callable[[], Pyramid]) -> Pyramid:
        """The pyramid with this key, opened when it is not open yet."""
        with self._lock:
            pyramid = self._open.get(key)
        # Opened outside the lock, so that a slow disk holds up nobody else; of two opened at once one is kept.
        fresh = opened() if pyramid is None else pyramid
        with self._lock:
            kept = self._open.setdefault(key, fresh)
            self._open.move_to_end(key)
            while len(self._open) > self._capacity:
                self._open.popitem(last=False)
        return kept


class Images:
    """How to address a section's tiles, and the tiles; addresses carry the version of the image."""

    def __init__(self, brains: Brains, blobs: BlobStore) -> None:
        self._brains = brains
        self._blobs = blobs
        self._pyramids = PyramidCache()

    def pyramid(self, brain_id: str, number: int) -> TilePyramid:
        """What a viewer needs to show the section; NotFoundError, UnreadableDataError."""
        section = self._brains.section(brain_id, number)
        with self._open(brain_id, section) as pyramid:
            return TilePyramid(
                brain=brain_id,
                section=number,
                version=image_version(section),
                pixel_size_um=pyramid.pixel_size_um,
                tile_size_px=pyramid.tile_size_px,
                levels=tuple(pyramid.levels),
            )

    def tile(self, brain_id: str, number: int, version: str, address: tuple[int, int, int]) -> bytes:
        """The JPEG of the tile at (level, column, row); NotFoundError, UnreadableDataError."""
        section = self._current(brain_id, number, version)
        level, column, row = address
        with self._open(brain_id, section) as pyramid:
            if level >= len(pyramid.levels):
                raise NotFoundError(f"Section {number} of {brain_id} has levels 0 to {len(pyramid.levels) - 1}, no {level}.")
            size, tile_px = pyramid.levels[level], pyramid.tile_size_px
            if column * tile_px >= size.width_px or row * tile_px >= size.height_px:
                raise NotFoundError(f"Level {level} of section {number} of {brain_id} has no tile ({column}, {row}).")
            return pyramid.jpeg_tile(level, column, row)

    def thumbnail(self, brain_id: str, number: int, version: str) -> bytes:
        """The section at most 256 px wide, rendered once; NotFoundError, UnreadableDataError."""
        section = self._current(brain_id, number, version)
        name = f"thumbnails/{brain_id}/{version}_{number}.jpg"
        try:
            return self._blobs.read(name)
        except FileNotFoundError:
            pass
        with self._open(brain_id, section) as pyramid:
            factor = max(1.0, pyramid.width_px / THUMBNAIL_WIDTH_PX)
            pixels = read_whole(pyramid, pyramid.pixel_size_um * factor)
        content = io.BytesIO()
        Image.fromarray(pixels[:, :THUMBNAIL_WIDTH_PX]).save(content, "JPEG", quality=THUMBNAIL_QUALITY)
        self._blobs.write(name, content.getvalue())
        return content.getvalue()

    def _current(self, brain_id: str, number: int, version: str) -> Section:
        section = self._brains.section(brain_id, number)
        if version != image_version(section):
            raise NotFoundError(
                f"The image of section {number} of {brain_id} has changed; its version is {image_version(section)}, "
                f"not {version}. Load the section again."
            )
        return section

    @contextmanager
    def _open(self, brain_id: str, section: Section) -> Iterator[Pyramid]:
        folder = self._brains.folder(brain_id)
        key = (brain_id, section.number, section.fingerprint)
        try:
            yield self._pyramids.get(key, lambda: folder.pyramid(section.number))
        except (DatasetError, UnreadableImageError, OSError) as error:
            raise UnreadableDataError(
                f"The image of section {section.number} of brain {brain_id} cannot be read: {error}. "
                "Restore the file, or ingest the section again."
            ) from error
