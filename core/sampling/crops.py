"""Crops about patch centres: where they lie and how they are read, from whatever stores the section.

A crop is larger than its patch, so that the patch can be turned within it: for 2048 pixels 2896 are read (thesis 6.1.3).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.contracts.base import XY
from core.contracts.features import EncoderSettings
from core.datasets import BrainFolder
from core.datasets.open_section import OpenSection, open_section
from core.imaging.reader import HandleCache, SectionReader
from core.imaging.sections import read_at
from core.pipeline import Arrays, Room
from core.sampling.patch_sites import AnnotatedBrain, PatchSites

OPEN_SECTIONS = 256
"""Sections that a process keeps open."""
IMAGE = "image"
"""The crop among the arrays of a worker's result."""


def crop_px(patch_px: int) -> int:
    """The side of the square within which a patch can be turned by any angle; the patch lies in its middle, on whole pixels."""
    least = math.ceil((patch_px - 1) * math.sqrt(2) + 1)
    return least + (least - patch_px) % 2


def read_crop(section: SectionReader, centre_um: XY, pixel_size_um: float, side_px: int) -> NDArray[np.uint8]:
    """The square (side, side) about a point, moved by at most half a pixel onto the grid; 255 beyond the section."""
    left, top = (round(each / pixel_size_um - side_px / 2) * pixel_size_um for each in centre_um)
    return read_at(section, pixel_size_um, left, top, side_px, side_px)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a crop lies; `brain` is an index."""

    brain: int
    section: int
    centre_um: XY


class CropReader:
    """Knows where the crops of sites lie, and reads them, from any number of threads."""

    def __init__(self, brains: Sequence[AnnotatedBrain], sites: PatchSites, settings: EncoderSettings) -> None:
        self.sites, self.shift_um = sites, settings.shift_um
        patches = settings.patches
        self.reading = Reading(tuple(each.folder.path for each in brains), patches.pixel_size_um, crop_px(patches.patch_px))
        self.read = self.reading.opened()

    def place(self, site: int, seed: int | None = None) -> Place:
        """Where the crop of a site lies: with a seed, up to `shift_um` from the site in a random direction."""
        x_um, y_um = self.sites.centre_um[site].tolist()
        if seed is not None:
            generator = np.random.default_rng((seed, 1))
            far_um, angle = generator.uniform(0, self.shift_um), generator.uniform(0, 2 * math.pi)
            x_um, y_um = x_um + far_um * math.cos(angle), y_um + far_um * math.sin(angle)
        return Place(int(self.sites.brain[site]), int(self.sites.section[site]), (x_um, y_um))


@dataclass(frozen=True, slots=True)
class Reading:
    """How crops are read, small enough to be sent anywhere: it makes the work of a data stage's workers."""

    brains: tuple[Path, ...]
    pixel_size_um: float
    side_px: int

    def opened(self) -> Callable[[Place], NDArray[np.uint8]]:
        """What reads the crop at a place; sections stay open for the next one."""
        folders = [BrainFolder(path) for path in self.brains]
        sections = HandleCache[tuple[int, int], OpenSection](lambda key: open_section(folders[key[0]], key[1]), OPEN_SECTIONS)

        def read(place: Place) -> NDArray[np.uint8]:
            section = sections.get((place.brain, place.section))
            return read_crop(section, place.centre_um, self.pixel_size_um, self.side_px)

        return read

    def __call__(self, _arrays: Arrays) -> Callable[[Place, Room], None]:
        """The work of one worker."""
        read = self.opened()
        return lambda place, room: room.put({IMAGE: read(place)})
