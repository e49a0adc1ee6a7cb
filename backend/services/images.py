"""Tiles and thumbnails of sections."""

import io
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.domain.errors import InvalidError, NotFoundError, UnreadableDataError
from backend.ports import BlobStore
from backend.services.brains import Brains, find_section, image_version
from backend.services.open_images import ChangedImageError, OpenImages, ReadingPlaces
from core.contracts.datasets import Section, TilePyramid
from core.datasets import BrainFolder, DatasetError
from core.imaging.pyramid import Pyramid, UnreadableImageError
from core.imaging.sections import read_whole

THUMBNAIL_WIDTH_PX = 256
THUMBNAIL_QUALITY = 85
OPENINGS = 2
LARGEST_CROP_PX = 40_000_000
UM_PER_INCH = 25_400.0

Result = TypeVar("Result")


class Images:
    """How to address a section's tiles, and the tiles; addresses carry the version of the image."""

    def __init__(self, brains: Brains, blobs: BlobStore) -> None:
        self._brains = brains
        self._blobs = blobs
        self._images = OpenImages()
        self._places = ReadingPlaces()

    def pyramid(self, brain_id: str, number: int) -> TilePyramid:
        """What a viewer needs to show the section; NotFoundError, UnreadableDataError."""
        folder = self._brains.newest(brain_id)
        section = find_section(folder.brain, number)

        def described(pyramid: Pyramid) -> TilePyramid:
            return TilePyramid(
                brain=brain_id,
                section=number,
                version=image_version(section),
                pixel_size_um=pyramid.pixel_size_um,
                tile_size_px=pyramid.tile_size_px,
                levels=tuple(pyramid.levels),
                bits_per_sample=16 if pyramid.bits_per_sample == 16 else 8,
                black=pyramid.black,
                white=pyramid.white,
            )

        return self._read(folder, section, described)

    def tile(self, brain_id: str, number: int, version: str, address: tuple[int, int, int]) -> bytes:
        """The JPEG of the tile at (level, column, row); NotFoundError, UnreadableDataError."""
        folder, section = self._current(brain_id, number, version)
        level, column, row = address

        def read(pyramid: Pyramid) -> bytes:
            if level >= len(pyramid.levels):
                raise NotFoundError(f"Section {number} of {brain_id} has levels 0 to {len(pyramid.levels) - 1}, no {level}.")
            size, tile_px = pyramid.levels[level], pyramid.tile_size_px
            if column * tile_px >= size.width_px or row * tile_px >= size.height_px:
                raise NotFoundError(f"Level {level} of section {number} of {brain_id} has no tile ({column}, {row}).")
            return pyramid.jpeg_tile(level, column, row)

        return self._read(folder, section, read)

    def crop(self, brain_id: str, number: int, version: str, box: tuple[int, int, int, int]) -> bytes:
        """The PNG of (x, y, width, height) at full resolution, 8-bit gray; NotFoundError, InvalidError, UnreadableDataError."""
        folder, section = self._current(brain_id, number, version)
        x, y, width, height = box
        if min(x, y) < 0 or min(width, height) < 1 or width * height > LARGEST_CROP_PX:
            raise InvalidError(
                f"A crop has x, y, width and height in pixels of the full resolution, and 1 to {LARGEST_CROP_PX:,} pixels; "
                f"this is {width} x {height} from ({x}, {y})."
            )

        def read(pyramid: Pyramid) -> bytes:
            if x + width > pyramid.width_px or y + height > pyramid.height_px:
                raise InvalidError(
                    f"Section {number} of {brain_id} has {pyramid.width_px} x {pyramid.height_px} pixels; "
                    f"{width} x {height} from ({x}, {y}) reach beyond it."
                )
            return _png(pyramid.read(0, x, y, width, height), pyramid.pixel_size_um)

        return self._read(folder, section, read)

    def thumbnail(self, brain_id: str, number: int, version: str) -> bytes:
        """The section at most 256 px wide, rendered once; NotFoundError, UnreadableDataError."""
        folder, section = self._current(brain_id, number, version)
        name = f"thumbnails/{brain_id}/{version}_{number}.jpg"
        try:
            return self._blobs.read(name)
        except FileNotFoundError:
            content = self._read(folder, section, _thumbnail)
        self._blobs.write(name, content)
        return content

    def _current(self, brain_id: str, number: int, version: str) -> tuple[BrainFolder, Section]:
        """The section with this version of its image, looked for on disk when it is not the one known."""
        folder = self._brains.folder(brain_id)
        section = find_section(folder.brain, number)
        if version != image_version(section):
            folder = self._brains.newest(brain_id)
            section = find_section(folder.brain, number)
        if version != image_version(section):
            raise NotFoundError(
                f"The image of section {number} of {brain_id} has changed; its version is {image_version(section)}, "
                f"not {version}. Load the section again."
            )
        return folder, section

    def _read(self, folder: BrainFolder, section: Section, use: Callable[[Pyramid], Result]) -> Result:
        """What `use` makes of the image of the section, and of no other that stands or stood at its path."""
        what = f"The image of section {section.number} of brain {folder.brain.id}"
        try:
            with self._places.take((folder.brain.id, section.number)):
                return self._read_unchanged(folder, section, use)
        except ChangedImageError as error:
            raise UnreadableDataError(
                f"{what} is not the one that was ingested: {error}. Restore the file, or ingest the section again.",
                code="image_changed",
            ) from error
        except (DatasetError, UnreadableImageError, OSError) as error:
            raise UnreadableDataError(
                f"{what} cannot be read: {error}. Restore the file, or ingest the section again."
            ) from error

    def _read_unchanged(self, folder: BrainFolder, section: Section, use: Callable[[Pyramid], Result]) -> Result:
        for _ in range(OPENINGS):
            image = self._images.get(folder, section)
            try:
                result = use(image.pyramid)
            except (UnreadableImageError, OSError):
                if image.is_current():
                    raise
            else:
                # Looked at after reading: what was read before cannot have changed later.
                if image.is_current():
                    return result
            self._images.drop(folder, section, image)
        raise ChangedImageError(folder.section_path(section.number), "it is being written to")


def _png(pixels: NDArray[np.uint8], pixel_size_um: float) -> bytes:
    per_inch = UM_PER_INCH / pixel_size_um
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=1, dpi=(per_inch, per_inch))
    return content.getvalue()


def _thumbnail(pyramid: Pyramid) -> bytes:
    factor = max(1.0, pyramid.width_px / THUMBNAIL_WIDTH_PX)
    pixels = read_whole(pyramid, pyramid.pixel_size_um * factor)
    content = io.BytesIO()
    Image.fromarray(pixels[:, :THUMBNAIL_WIDTH_PX]).save(content, "JPEG", quality=THUMBNAIL_QUALITY)
    return content.getvalue()
