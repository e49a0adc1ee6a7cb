"""The reference space of the feature brains: canonical coordinates and probabilistic maps on their sections.

All brains of `benchmarks.feature_brains` are cut from the surfaces of one person, so a mapping without error would tell the
area of every place. Real brains differ and are registered with errors: each brain's mapping is therefore off by a smooth
displacement of its own, `OFF_MM` on the mean, and the maps are drawn from `PEOPLE` copies of the anatomy, each displaced
likewise. What they say of a place is the share of these copies' cortex near it that is of an area.
"""

from collections.abc import Sequence

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from core.anatomy.atlas import Volume, covering, load_space, project
from core.datasets import BrainFolder
from core.datasets.atlas import projection_path, write_mapping, write_projection
from core.phantom.anatomy import load_block, subdivide
from core.phantom.cytoarchitecture import PROFILES

OFF_MM, SMOOTH_MM, PEOPLE = 4.0, 15.0, 10
VOXEL_MM, MARGIN_MM = 2.0, 16.0
FIELD_FILE = "registration_error.nii.gz"
PROJECTION_UM = 256.0
SEED = 4200
_LEAST_CORTEX = 1e-3
Points3 = NDArray[np.float64]


def place_in_reference(brains: Sequence[BrainFolder], blocks: Sequence[str]) -> None:
    """Write each brain's registration error and what the space says on its sections; what is there is not made again."""
    waiting = [(number, brain) for number, brain in enumerate(brains) if not _is_placed(brain)]
    if not waiting:
        return
    points, names = cortex(blocks)
    box = _empty(points)
    maps = probabilistic_maps(points, names)
    for number, brain in waiting:
        field = displacement(box, SEED + number)
        image = nibabel.Nifti1Image(field.values[:, :, :, np.newaxis, :], field.to_world)  # type: ignore[no-untyped-call]
        image.header.set_intent("vector")  # type: ignore[no-untyped-call]
        image.to_filename(brain.path / "atlas" / FIELD_FILE)
        write_mapping(brain.path, brain.atlas_mapping.model_copy(update={"field_file": FIELD_FILE}))
        space = load_space(brain)
        for section in brain.brain.sections:
            grid = covering(brain.brain, section.number, PROJECTION_UM)
            write_projection(brain, section.number, project(space, section.number, grid, maps, box))


def cortex(blocks: Sequence[str]) -> tuple[Points3, NDArray[np.str_]]:
    """Points (n, 3) halfway through the cortex, in the reference space (mm), and the area of each (n,)."""
    points, names = [], []
    for block in blocks:
        surface = subdivide(load_block(block))
        points.append((surface.white + surface.pial) / 2)
        known = [PROFILES[name].area.name if name in PROFILES else "" for name in surface.names]
        names.append(np.array(known)[surface.scores.argmax(axis=1)])
    return np.concatenate(points), np.concatenate(names)


def probabilistic_maps(points: Points3, names: NDArray[np.str_]) -> dict[str, Volume]:
    """By area the share of the copies' cortex that is of it, on voxels of `VOXEL_MM`; 0 where none has cortex."""
    box = _empty(points)
    copies = [points + displacement(box, SEED + 100 + person).at(points, "nearest") for person in range(PEOPLE)]
    everywhere = sum(_density(copy, box) for copy in copies)
    shares = {}
    for name in sorted(set(names.tolist()) - {""}):
        here = sum(_density(copy[names == name], box) for copy in copies)
        share = np.where(everywhere > _LEAST_CORTEX, here / np.maximum(everywhere, _LEAST_CORTEX), 0)
        shares[name] = Volume(share.astype(np.float32), box.to_world)
    return shares


def displacement(box: Volume, seed: int) -> Volume:
    """A smooth random displacement in mm, (i, j, k, 3), its root mean square `OFF_MM`."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(*box.values.shape, 3))
    field = gaussian_filter(noise, (*[SMOOTH_MM / VOXEL_MM] * 3, 0), mode="wrap")
    field -= field.mean(axis=(0, 1, 2))
    field *= OFF_MM / np.sqrt((field**2).sum(axis=-1).mean())
    return Volume(field.astype(np.float32), box.to_world)


def _empty(points: Points3) -> Volume:
    """Voxels around the points."""
    low, high = points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM
    to_world = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    to_world[:3, 3] = low
    shape = tuple(int(n) for n in np.ceil((high - low) / VOXEL_MM) + 1)
    return Volume(np.zeros(shape, np.float32), to_world)


def _density(points: Points3, box: Volume) -> NDArray[np.float64]:
    """Points in each voxel, smoothed over neighbours: the sheet of cortex is thinner than voxels are far apart."""
    index = np.rint((points - box.to_world[:3, 3]) / VOXEL_MM).astype(np.intp)
    inside = ((index >= 0) & (index < box.values.shape)).all(axis=1)
    flat = np.ravel_multi_index(tuple(index[inside].T), box.values.shape)
    counts = np.bincount(flat, minlength=box.values.size).reshape(box.values.shape)
    smoothed: NDArray[np.float64] = gaussian_filter(counts.astype(np.float64), 1.0)
    return smoothed


def _is_placed(brain: BrainFolder) -> bool:
    """Whether its mapping has the error, and every section a projection."""
    there = all(projection_path(brain, section.number).is_file() for section in brain.brain.sections)
    return brain.atlas_mapping.field_file == FIELD_FILE and there
