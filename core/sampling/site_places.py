"""Where in the brain patches lie, in three dimensions, and pairs of them of one brain (thesis 2.2.7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.anatomy.atlas import AtlasSpace, load_space
from core.anatomy.chain import NoChainError, transform_between
from core.datasets import BrainFolder, MissingFileError
from core.geometry.affine import apply
from core.sampling.patch_sites import TRAIN, PatchSites

_PAIRS = 2
"""Sets the random numbers of pairs apart from others of the same seed and epoch."""
Points = NDArray[np.float64]


class PlacesError(Exception):
    """It is not known where in the brain the patches lie."""


@dataclass(frozen=True, slots=True)
class SitePlaces:
    """`points` (n, 3) of n sites: right, anterior, superior, NaN where nothing is learnt from; `note` says of what kind.

    One unit is half the longest side of the box about all of them (`unit_mm`), their middle is at 0.
    """

    points: NDArray[np.float32]
    unit_mm: float
    note: str


def site_places(sites: PatchSites) -> SitePlaces:
    """Where the training sites lie: in the reference space, if all of them do; else each brain in a frame of its own.

    A brain's own frame is that of its alignment: sections carried onto the base section, at number times thickness.
    PlacesError when a brain has neither.
    """
    brains = np.unique(sites.brain[sites.of(TRAIN)]).tolist()
    points_mm = np.full((len(sites), 3), np.nan)
    spaces = [_space(sites, brain) for brain in brains]
    known = {space.reference for space in spaces if space is not None}
    shared = None not in spaces and len(known) == 1
    for brain, space in zip(brains, spaces, strict=True):
        here = sites.of(TRAIN)[sites.brain[sites.of(TRAIN)] == brain]
        points_mm[here] = _in_space(space, sites, here) if shared and space is not None else _own(sites, brain, here)
    low, high = np.nanmin(points_mm, axis=0), np.nanmax(points_mm, axis=0)
    unit_mm = max(1e-3, float((high - low).max()) / 2)
    where = f"in {known.pop()}" if shared else "in each brain's own frame by its alignment, which compares badly between brains"
    note = f"Distances of the start are straight lines, not along the cortex; places are {where}."
    return SitePlaces(((points_mm - (low + high) / 2) / unit_mm).astype(np.float32), unit_mm, note)


def pair_order(sites: PatchSites, seed: int, epoch: int) -> NDArray[np.intp]:
    """The training sites of an epoch, two after one another being a pair at random of one brain: (2n,).

    Every site is there once, but for one of each brain that has an odd number. The same in every process. PlacesError when
    there is no pair.
    """
    generator, train = np.random.default_rng((seed, _PAIRS, epoch)), sites.of(TRAIN)
    pairs = [np.empty((0, 2), np.intp)]
    for brain in np.unique(sites.brain[train]):
        mixed = generator.permutation(train[sites.brain[train] == brain])
        pairs.append(mixed[: len(mixed) // 2 * 2].reshape(-1, 2))
    found = np.concatenate(pairs)
    if not len(found):
        raise PlacesError("no brain has two patches to learn distances from; annotate more sections")
    return generator.permutation(found).ravel()


def _space(sites: PatchSites, brain: int) -> AtlasSpace | None:
    """The brain's way to a reference space; None where one of its training sections has none."""
    try:
        space = load_space(sites.brains[brain].folder)
    except MissingFileError:
        return None
    train = sites.of(TRAIN)
    return space if set(sites.section[train][sites.brain[train] == brain].tolist()) <= set(space.sections) else None


def _in_space(space: AtlasSpace, sites: PatchSites, here: NDArray[np.intp]) -> Points:
    return _by_section(sites, here, space.points)


def _own(sites: PatchSites, brain: int, here: NDArray[np.intp]) -> Points:
    """In the brain's own frame, the middle of its box at 0."""
    folder = sites.brains[brain].folder
    numbers = sorted(set(sites.section[here].tolist()))
    to_base = dict(zip(numbers, _to_base(folder, numbers), strict=True))

    def carried(section: int, points_um: Points) -> Points:
        x, y = apply(to_base[section], points_um).T
        along = np.full(len(points_um), section * folder.brain.section_thickness_um)
        return np.stack([x, along, -y], axis=1) / 1000

    points = _by_section(sites, here, carried)
    middle: Points = (points.min(axis=0) + points.max(axis=0)) / 2
    return points - middle


def _to_base(folder: BrainFolder, numbers: Sequence[int]) -> list[NDArray[np.float64]]:
    try:
        alignment = folder.alignment
        return [transform_between(alignment, number, alignment.base_section) for number in numbers]
    except (MissingFileError, NoChainError) as error:
        raise PlacesError(
            f"it is not known where the patches of {folder.brain.id} lie in the brain ({error}); align its sections, or let "
            "the encoder start at random"
        ) from error


def _by_section(sites: PatchSites, here: NDArray[np.intp], place: Callable[[int, Points], Points]) -> Points:
    found = np.empty((len(here), 3))
    for section in np.unique(sites.section[here]).tolist():
        rows = sites.section[here] == section
        found[rows] = place(section, sites.centre_um[here][rows].astype(np.float64))
    return found
