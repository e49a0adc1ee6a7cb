"""Data of a reference space on sections: canonical coordinates and probabilistic maps (thesis 3.2, eq. 3.63 and 3.64).

Section frame (µm) -> brain frame (mm) -> reference space (mm), each step an affine map plus a displacement field; then
volumes of the reference space are sampled there, linearly between voxels.
"""

import math
from collections.abc import Mapping as Named
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from core.contracts.datasets import Brain, RasterGrid
from core.datasets.atlas import Projection
from core.datasets.files import MAPPING_FILE, DatasetError, MissingFileError
from core.datasets.folder import BrainFolder
from core.geometry.frames import Points, px_to_um

Points3 = NDArray[np.float64]
"""Shape (n, 3): right, anterior, superior, in mm."""
_MOST_VOXELS = 1 << 29
_MODES = {"zero": "constant", "nearest": "nearest"}
Beyond = Literal["zero", "nearest"]


class NotMappedError(ValueError):
    """A section has no place in the reference space; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Voxels (i, j, k) or (i, j, k, c) of a space; `to_world` (4, 4) gives the mm of a voxel's centre."""

    values: NDArray[np.float32]
    to_world: NDArray[np.float64]

    @property
    def bounds_mm(self) -> tuple[Points3, Points3]:
        """The lowest and highest corner of the box of voxel centres, (3,) each."""
        corners = np.stack(np.meshgrid(*((0, n - 1) for n in self.values.shape[:3]), indexing="ij"), -1).reshape(-1, 3)
        world = corners @ self.to_world[:3, :3].T + self.to_world[:3, 3]
        return world.min(0), world.max(0)

    def at(self, points_mm: Points3, beyond: Beyond = "zero") -> NDArray[np.float32]:
        """Values at points, (n,) or (n, c), linear between voxel centres; beyond them zero, or the nearest one's."""
        to_voxel = np.linalg.inv(self.to_world)
        voxels = (points_mm @ to_voxel[:3, :3].T + to_voxel[:3, 3]).T
        if self.values.ndim == 3:
            return _sampled(self.values, voxels, beyond)
        return np.stack([_sampled(self.values[..., c], voxels, beyond) for c in range(self.values.shape[3])], -1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: p -> matrix · (p, 1) plus the displacement found at p."""

    matrix: NDArray[np.float64]
    field: Volume | None = None

    def __call__(self, points: NDArray[np.float64], field_points_mm: Points3) -> Points3:
        """Carry points (n, d); `field_points_mm` are the same points as the field's own space has them."""
        carried: Points3 = points @ self.matrix[:, :-1].T + self.matrix[:, -1]
        return carried if self.field is None else carried + self.field.at(field_points_mm, "nearest")


@dataclass(frozen=True, slots=True)
class AtlasSpace:
    """The way from every mapped section to the reference space."""

    reference: str
    sections: Named[int, Step]
    brain: Step

    def points(self, section: int, points_um: Points) -> Points3:
        """Where points (n, 2) of a section lie in the reference space; NotMappedError."""
        if section not in self.sections:
            raise NotMappedError(
                f"section {section} has no place in {self.reference}: atlas/mapping.json does not name it; register the section"
            )
        flat_mm = np.c_[points_um / 1000, np.zeros(len(points_um))]
        brain_mm = self.sections[section](points_um, flat_mm)
        return self.brain(brain_mm, brain_mm)


def load_space(folder: BrainFolder) -> AtlasSpace:
    """The brain's mapping with its displacement fields; DatasetError names a file that is missing or wrong."""
    mapping, place = folder.atlas_mapping, (folder.path / MAPPING_FILE).parent
    sections = {each.section: Step(np.asarray(each.matrix), _field(place, each.field_file)) for each in mapping.sections}
    return AtlasSpace(mapping.reference, sections, Step(np.asarray(mapping.matrix), _field(place, mapping.field_file)))


def load_volume(path: Path) -> Volume:
    """A NIfTI volume, (i, j, k) or, for a vector image, (i, j, k, c); DatasetError names a file that is none."""
    if not path.is_file():
        raise MissingFileError(path, "there is no such file")
    try:
        image = nibabel.Nifti1Image.from_filename(path)
        shape = tuple(n for axis, n in enumerate(image.shape) if axis < 3 or n > 1)
        if len(shape) not in (3, 4) or np.prod(shape, dtype=np.float64) > _MOST_VOXELS:
            raise DatasetError(path, f"its shape is {image.shape}; a volume (i, j, k) or a vector image is needed")
        values = np.asarray(image.dataobj, np.float32).reshape(shape)
    except (ImageFileError, WrapStructError, OSError, ValueError, EOFError) as error:
        raise DatasetError(path, f"it is not a readable NIfTI volume ({error})") from error
    if abs(np.linalg.det(image.affine)) < 1e-12:
        raise DatasetError(path, "its affine is singular; it does not say where its voxels lie")
    return Volume(values, np.asarray(image.affine, np.float64))


def project(space: AtlasSpace, section: int, grid: RasterGrid, maps: Named[str, Volume], reference: Volume) -> Projection:
    """Carry the pixels' centres to the reference space and read its volumes there.

    Coordinates are normalised to [-1, 1] over `reference` (eq. 3.64); maps give the probability of their area (eq. 3.63).
    """
    columns, rows = np.meshgrid(np.arange(grid.width_px), np.arange(grid.height_px))
    centres_um = px_to_um(np.c_[columns.ravel(), rows.ravel()].astype(np.float64), grid.pixel_size_um, grid.origin_um)
    points_mm = space.points(section, centres_um)
    shape = (grid.height_px, grid.width_px, -1)
    probabilities = [np.clip(volume.at(points_mm), 0, 1) for volume in maps.values()]
    stacked = np.stack(probabilities, -1) if probabilities else np.zeros((len(points_mm), 0), np.float32)
    return Projection(
        reference=space.reference,
        grid=grid,
        coordinates=canonical(points_mm, reference).reshape(shape),
        areas=tuple(maps),
        probabilities=stacked.reshape(*shape[:2], len(maps)),
    )


def canonical(points_mm: Points3, reference: Volume) -> NDArray[np.float32]:
    """Coordinates (n, 3) from -1 to 1 over the reference volume, NaN for points outside of it."""
    low, high = reference.bounds_mm
    scaled = 2 * (points_mm - low) / (high - low) - 1
    scaled[(np.abs(scaled) > 1).any(1)] = np.nan
    return scaled.astype(np.float32)


def covering(brain: Brain, number: int, pixel_size_um: float) -> RasterGrid:
    """The raster that covers a section at a pixel size; KeyError for a section the brain does not have."""
    section = brain.section(number)
    width_px, height_px = (
        math.ceil(length * brain.pixel_size_um / pixel_size_um) for length in (section.width_px, section.height_px)
    )
    return RasterGrid(pixel_size_um=pixel_size_um, width_px=width_px, height_px=height_px)


def _field(place: Path, name: str | None) -> Volume | None:
    if name is None:
        return None
    volume = load_volume(place / name)
    if volume.values.ndim != 4 or volume.values.shape[3] != 3:
        shape = volume.values.shape
        raise DatasetError(place / name, f"a displacement field has three values per voxel, this has shape {shape}")
    return volume


def _sampled(values: NDArray[np.float32], voxels: NDArray[np.float64], beyond: Beyond) -> NDArray[np.float32]:
    """A field or map that is one voxel thick along an axis is the same all along it."""
    thick = [n if n > 1 else 2 for n in values.shape]
    filled = np.broadcast_to(values, tuple(thick)) if tuple(thick) != values.shape else values
    sampled: NDArray[np.float32] = map_coordinates(filled, voxels, output=np.float32, order=1, mode=_MODES[beyond])
    return sampled
