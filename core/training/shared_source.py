"""A patch source for several processes: its rasters as arrays that lie in memory once, the rest of it small."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.pipeline import Arrays, Room
from core.sampling.augmentation import Variation
from core.sampling.centres import BalancedCentres, Centre
from core.sampling.patches import Raster
from core.sampling.resident import ResidentSection
from core.training.patch_source import PatchSource

LABELS = " labels"
"""The labels among a patch's arrays; no name of an input."""
_NOTHING = np.empty((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class CutPatches:
    """Makes of the shared arrays what cuts patches as the source would. Opened sections are opened again where it arrives."""

    source: PatchSource
    """Without its rasters' values, and without centres: where patches lie is decided elsewhere."""

    def __call__(self, arrays: Arrays) -> Callable[[tuple[Centre, Variation], Room], None]:
        """The work of one worker."""
        cv2.setNumThreads(1)
        sections = [
            _changed(section, index, lambda name, raster: replace(raster, values=arrays[name]))
            for index, section in enumerate(self.source.sections)
        ]
        source = replace(self.source, sections=sections)

        def cut(item: tuple[Centre, Variation], room: Room) -> None:
            patch = source.cut(*item)
            room.put({LABELS: patch.labels, **patch.inputs})

        return cut


def taken_apart(source: PatchSource) -> tuple[CutPatches, Arrays]:
    """What to send to every worker, and the arrays to share among them."""
    arrays: Arrays = {}

    def without_values(name: str, raster: Raster) -> Raster:
        arrays[name] = raster.values
        return replace(raster, values=_NOTHING)

    sections = [_changed(section, index, without_values) for index, section in enumerate(source.sections)]
    return CutPatches(replace(source, sections=sections, centres=BalancedCentres((), (), ()))), arrays


def _changed(section: ResidentSection, index: int, change: Callable[[str, Raster], Raster]) -> ResidentSection:
    """The section with every raster changed that patches are cut from; each has a name of its own among all sections'."""
    images = {
        name: change(f"{index} image {name}", image) if isinstance(image, Raster) else image
        for name, image in section.images.items()
    }
    shapes = tuple(
        (change(f"{index} shape {area} here", own), change(f"{index} shape {area} there", other))
        for area, (own, other) in enumerate(section.shapes)
    )
    labels = change(f"{index} labels", section.labels)
    nowhere = replace(section.labels_in_region, values=_NOTHING)
    return replace(section, images=images, labels=labels, labels_in_region=nowhere, shapes=shapes)
