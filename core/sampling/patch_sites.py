"""Where patches of the cortex are taken, and which of them an epoch takes (thesis 6.1.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts.annotations import FrozenAnnotation, Paths
from core.contracts.datasets import RasterGrid
from core.contracts.features import AreaCount, PatchSettings, PatchStatistics, SectionSplit
from core.datasets import BrainFolder, MissingFileError
from core.sampling.midlines import annotated_gray, midline_centres

TRAIN, TEST, TRANSFER = 0, 1, 2
FEW_PATCHES = 20
"""An area with fewer patches to learn from, or to test on, is named in a warning."""
_OFTEN = 10.0
"""An epoch that takes each patch of an area so often shows little variation."""


class NoPatchesError(Exception):
    """There is nothing to learn from."""


@dataclass(frozen=True, slots=True)
class AnnotatedBrain:
    """A brain and what is drawn on it."""

    folder: BrainFolder
    annotations: tuple[FrozenAnnotation, ...]


@dataclass(frozen=True, slots=True)
class PatchSites:
    """The centres of n patches: index of their `brain`, number of the `section`, `centre_um` (n, 2), index of the `area`."""

    brains: tuple[AnnotatedBrain, ...]
    areas: tuple[str, ...]
    brain: NDArray[np.int16]
    section: NDArray[np.int32]
    centre_um: NDArray[np.float32]
    area: NDArray[np.int16]
    split: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.area)

    def of(self, split: int) -> NDArray[np.intp]:
        """The indices of the sites for TRAIN, TEST or TRANSFER."""
        return np.flatnonzero(self.split == split)

    def counts(self, split: int) -> NDArray[np.intp]:
        """How many sites of a split each area has."""
        return np.bincount(self.area[self.split == split], minlength=len(self.areas))


def find_sites(
    brains: Sequence[AnnotatedBrain], areas: Sequence[str], transfer: Sequence[str], settings: PatchSettings
) -> PatchSites:
    """The sites of all areas on all annotated sections, in the order of brains, sections, areas and along the midlines.

    Of the sections of a brain that any of the areas is annotated on, each `test_every`-th is for test, by number; those of
    the brains in `transfer` are for transfer alone. NoPatchesError when no patch is left to learn from.
    """
    found = _Found([], [], [], [], [])
    for number, brain in enumerate(brains):
        drawn = _outlines(brain.annotations, areas)
        held_out = brain.folder.brain.id in transfer
        for section, split in section_splits(sorted(drawn), settings.test_every, held_out).items():
            tissue = _tissue(brain.folder, section)
            for area, outlines in sorted(drawn[section].items()):
                mask, grid = annotated_gray(outlines, tissue)
                found.add((number, section, area, split), midline_centres(mask, grid, settings.spacing_mm))
    sites = found.sites(tuple(brains), tuple(areas))
    if not sites.of(TRAIN).size:
        raise NoPatchesError(
            f"none of {', '.join(areas)} is annotated on a section to learn from; annotate them, or hold out fewer brains"
        )
    return sites


def patches_per_area(sites: PatchSites, settings: PatchSettings) -> int:
    """How many patches of each area an epoch takes: as set, or so many that the median area is taken about once."""
    whole = float(settings.patches_per_area or 0)
    if not whole:
        counts = sites.counts(TRAIN)
        whole = max(1, round(1 / float(np.median(1 / counts[counts > 0]))))
    return max(1, round(settings.area_share * whole))


def epoch_order(sites: PatchSites, settings: PatchSettings, seed: int, epoch: int) -> NDArray[np.intp]:
    """The training sites of an epoch in random order, as many of each area; the same in every process.

    Within an epoch the patches of an area are taken equally often, but for the remainder, which is drawn anew for each.
    Areas without a training site are left out.
    """
    generator = np.random.default_rng((seed, epoch))
    wanted = patches_per_area(sites, settings)
    taken = [_taken(generator, there, wanted) for there in _by_area(sites) if there.size]
    return generator.permutation(np.concatenate(taken))


def statistics(sites: PatchSites, settings: PatchSettings) -> PatchStatistics:
    """The data set in numbers, with what is wrong with it in words."""
    wanted = patches_per_area(sites, settings)
    train, test, transfer = (sites.counts(split).tolist() for split in (TRAIN, TEST, TRANSFER))
    areas = tuple(
        AreaCount(area=name, train=a, test=b, transfer=c, ratio=wanted / a if a else 0.0)
        for name, a, b, c in zip(sites.areas, train, test, transfer, strict=True)
    )
    sections = tuple(_section_split(sites, number) for number in range(len(sites.brains)))
    held_out = bool(sites.of(TRANSFER).size)
    warnings = (*_area_warnings(areas, held_out), *_section_warnings(sections))
    return PatchStatistics(areas=areas, sections=sections, patches_per_area=wanted, warnings=warnings)


@dataclass(frozen=True, slots=True)
class _Found:
    """Sites as they are found, one array for each area on a section."""

    brain: list[NDArray[np.int16]]
    section: list[NDArray[np.int32]]
    centre_um: list[NDArray[np.float32]]
    area: list[NDArray[np.int16]]
    split: list[NDArray[np.int8]]

    def add(self, what: tuple[int, int, int, int], centres_um: NDArray[np.float64]) -> None:
        brain, section, area, split = what
        count = len(centres_um)
        self.brain.append(np.full(count, brain, np.int16))
        self.section.append(np.full(count, section, np.int32))
        self.centre_um.append(centres_um.astype(np.float32))
        self.area.append(np.full(count, area, np.int16))
        self.split.append(np.full(count, split, np.int8))

    def sites(self, brains: tuple[AnnotatedBrain, ...], areas: tuple[str, ...]) -> PatchSites:
        return PatchSites(
            brains,
            areas,
            np.concatenate([*self.brain, np.empty(0, np.int16)]),
            np.concatenate([*self.section, np.empty(0, np.int32)]),
            np.concatenate([*self.centre_um, np.empty((0, 2), np.float32)]),
            np.concatenate([*self.area, np.empty(0, np.int16)]),
            np.concatenate([*self.split, np.empty(0, np.int8)]),
        )


def _outlines(annotations: Sequence[FrozenAnnotation], areas: Sequence[str]) -> dict[int, dict[int, list[Paths]]]:
    """By section and index of the area."""
    index = {name: number for number, name in enumerate(areas)}
    drawn: dict[int, dict[int, list[Paths]]] = {}
    for each in annotations:
        if each.area in index:
            drawn.setdefault(each.section, {}).setdefault(index[each.area], []).append(each.paths)
    return drawn


def section_splits(sections: Sequence[int], test_every: int, held_out: bool) -> dict[int, int]:
    """Of every `test_every` sections the middle one is for test: it has others to both sides, and three are enough for one."""
    if held_out:
        return dict.fromkeys(sections, TRANSFER)
    return {number: TEST if place % test_every == test_every // 2 else TRAIN for place, number in enumerate(sections)}


def _tissue(folder: BrainFolder, section: int) -> tuple[NDArray[np.uint8], RasterGrid] | None:
    try:
        return folder.tissue(section)
    except MissingFileError:
        return None  # outlines alone say where the cortex is


def _by_area(sites: PatchSites) -> list[NDArray[np.intp]]:
    train = sites.of(TRAIN)
    return [train[sites.area[train] == number] for number in range(len(sites.areas))]


def _taken(generator: np.random.Generator, there: NDArray[np.intp], wanted: int) -> NDArray[np.intp]:
    rounds, more = divmod(wanted, there.size)
    return np.concatenate([np.tile(there, rounds), generator.permutation(there)[:more]])


def _section_split(sites: PatchSites, number: int) -> SectionSplit:
    here = sites.brain == number
    by_split = (np.unique(sites.section[here & (sites.split == split)]).tolist() for split in (TRAIN, TEST, TRANSFER))
    train, test, transfer = (tuple(each) for each in by_split)
    return SectionSplit(brain=sites.brains[number].folder.brain.id, train=train, test=test, transfer=transfer)


def _area_warnings(areas: Sequence[AreaCount], held_out: bool) -> list[str]:
    """One sentence for each kind of trouble, naming the areas."""
    found: list[str] = []
    for purpose, counts in (("learn from", [each.train for each in areas]), ("test on", [each.test for each in areas])):
        named = list(zip((each.area for each in areas), counts, strict=True))
        none = [area for area, count in named if not count]
        few = [f"{area} ({count})" for area, count in named if 0 < count < FEW_PATCHES]
        if none:
            found.append(f"No patch to {purpose}: {', '.join(none)}. Annotate them on more sections.")
        if few:
            found.append(f"Few patches to {purpose}: {', '.join(few)}. More annotated sections would help.")
    missing = [each.area for each in areas if not each.transfer]
    if held_out and missing:
        found.append(f"Not annotated in the brains held out: {', '.join(missing)}. Nothing is said of how well they transfer.")
    often = [f"{each.area} ({each.ratio:.0f} times)" for each in areas if each.ratio >= _OFTEN]
    if often:
        found.append(f"An epoch takes each patch of these many times: {', '.join(often)}. Expect little variation in them.")
    return found


def _section_warnings(sections: Sequence[SectionSplit]) -> list[str]:
    return [
        f"Brain {each.brain} has no section for test: annotate three or more."
        for each in sections
        if each.train and not each.test and not each.transfer
    ]
