"""Patch sites of which some are withheld from learning (thesis 6.2.3 and 6.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contracts.features import PatchSettings
from core.sampling.patch_sites import TEST, TRAIN, TRANSFER, AnnotatedBrain, NoPatchesError, PatchSites, find_sites


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is not learnt from: brains, but for areas of them (None: nothing of them is), and areas of all brains."""

    brains: tuple[str, ...] = ()
    but_for_areas: tuple[str, ...] | None = None
    areas: tuple[str, ...] = ()


def sites_without(
    withheld: Withheld, brains: Sequence[AnnotatedBrain], areas: Sequence[str], settings: PatchSettings
) -> PatchSites:
    """The sites of `find_sites`; what is withheld is not for training.

    Which sections are for test does not depend on the areas withheld, so that scores can be compared. Where areas of the brains
    held out are learnt after all, their training sections are for these areas alone and their test sections for transfer.
    NoPatchesError when no patch is left to learn from.
    """
    partly = withheld.but_for_areas is not None
    sites = find_sites(brains, areas, () if partly else withheld.brains, settings)
    keep = (sites.split != TRAIN) | ~_named(sites.area, sites.areas, withheld.areas)
    if withheld.but_for_areas is not None:
        held_out = _named(sites.brain, [each.folder.brain.id for each in sites.brains], withheld.brains)
        learnt = _named(sites.area, sites.areas, withheld.but_for_areas)
        keep &= ~held_out | (sites.split != TRAIN) | learnt
        sites = replace(sites, split=np.where(held_out & (sites.split == TEST), np.int8(TRANSFER), sites.split))
    if not (keep & (sites.split == TRAIN)).any():
        raise NoPatchesError("all annotated areas are withheld: leave some to learn from")
    changes = {name: getattr(sites, name)[keep] for name in ("brain", "section", "centre_um", "area", "split")}
    return replace(sites, **changes)


def _named(index: NDArray[np.int16], names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(index, [number for number, name in enumerate(names) if name in wanted])
