"""How a classifier of patches stands changes of the patches (thesis 6.2.6)."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from core.contracts.features import EncoderSettings, Robustness
from core.inference.patch_features import at_once, patches_to_features
from core.models.encoders import Encoder
from core.sampling.patch_sites import PatchSites
from core.training.crops import CropReader, Crops, crop_batches
from core.training.linear_classifier import LinearClassifier, scores
from core.training.patch_augmentation import Changes, changed, unchanged


@dataclass(frozen=True, slots=True)
class Kind:
    """A change that patches are put to, in several strengths."""

    name: str
    unit: str
    values: tuple[float, ...]
    changes: Callable[[Changes, float], Changes]


def _each(changes: Changes, **values: float) -> Changes:
    return replace(changes, **{name: np.full(len(changes.alpha), value) for name, value in values.items()})


def _blurred(changes: Changes, sigma_px: float) -> Changes:
    return _each(changes, sigma_px=sigma_px, kept=0.0, smoothed=1.0)


SHIFT = "shift"
KINDS = (
    Kind("rotation", "°", (0, 30, 90, 180), lambda changes, value: _each(changes, angle_rad=math.radians(value))),
    Kind(SHIFT, "µm", (100, 200, 500), lambda changes, _: changes),
    Kind("contrast", "times", (0.8, 0.9, 1.1, 1.2), lambda changes, value: _each(changes, alpha=value)),
    Kind("brightness", "of white", (-0.2, -0.1, 0.1, 0.2), lambda changes, value: _each(changes, beta=value)),
    Kind("blur", "px", (0.5, 1.0, 2.0), _blurred),
)
"""Within and beyond what training varied. Rotation by 0° is the patch as it is."""
STEPS = sum(len(kind.values) for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Examined:
    """An encoder with its settings and the classifier on its features."""

    encoder: Encoder
    settings: EncoderSettings
    classifier: LinearClassifier


def robustness(examined: Examined, sites: PatchSites, chosen: NDArray[np.intp], seed: int = 0) -> Iterator[Robustness]:
    """Macro F1 on the `chosen` sites' patches, put to each change of `KINDS` in turn; UnreadableImageError, DatasetError.

    All changes are read by the same threads or worker processes: one set of sites after the other, of which only shifts differ.
    """
    steps = [(kind, value) for kind in KINDS for value in kind.values]
    moved = [value for kind, value in steps if kind.name == SHIFT]
    reader = CropReader(sites.brains, _together([sites, *(_shifted(sites, value, seed) for value in moved)]), examined.settings)
    of_set = [1 + moved.index(value) if kind.name == SHIFT else 0 for kind, value in steps]
    parts = np.array_split(chosen, -(-len(chosen) // at_once(examined.settings)))
    with crop_batches(reader, (part + number * len(sites) for number in of_set for part in parts), None) as batches:
        for kind, value in steps:
            given = _given(examined, islice(batches, len(parts)), lambda none: kind.changes(none, value))  # noqa: B023 - used at once
            found = scores(sites.areas, sites.area[chosen].astype(np.intp), given)
            yield Robustness(change=kind.name, value=value, unit=kind.unit, macro_f1=found.macro_f1)


def _shifted(sites: PatchSites, distance_um: float, seed: int) -> PatchSites:
    """Every centre so far away in a random direction."""
    angle = np.random.default_rng(seed).uniform(0, 2 * math.pi, len(sites))
    moved = sites.centre_um + distance_um * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return replace(sites, centre_um=moved.astype(np.float32))


def _together(sets: Sequence[PatchSites]) -> PatchSites:
    """Several sets of sites of the same brains and areas, one after the other."""
    return replace(
        sets[0],
        brain=np.concatenate([each.brain for each in sets]),
        section=np.concatenate([each.section for each in sets]),
        centre_um=np.concatenate([each.centre_um for each in sets]),
        area=np.concatenate([each.area for each in sets]),
        split=np.concatenate([each.split for each in sets]),
    )


def _given(examined: Examined, batches: Iterator[Crops], changes: Callable[[Changes], Changes]) -> NDArray[np.intp]:
    """The areas that the classifier gives."""
    side_px = examined.settings.patches.patch_px
    images = (changed(crops.images, side_px, changes(unchanged(len(crops.seeds)))) for crops in batches)
    return examined.classifier.given(patches_to_features(examined.encoder, examined.settings, images))
