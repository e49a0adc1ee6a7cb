"""How a classifier of patches stands changes of the patches (thesis 6.2.6)."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contracts.features import EncoderSettings, Robustness
from core.inference.patch_features import at_once, patches_to_features
from core.models.encoders import Encoder
from core.sampling.patch_sites import PatchSites
from core.training.crops import CropReader, crop_batches
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
    """Macro F1 on the `chosen` sites' patches, put to each change of `KINDS` in turn; UnreadableImageError, DatasetError."""
    for kind in KINDS:
        for value in kind.values:
            there = _shifted(sites, value, seed) if kind.name == SHIFT else sites
            given = _given(examined, there, chosen, lambda none: kind.changes(none, value))  # noqa: B023 - used at once
            found = scores(sites.areas, sites.area[chosen].astype(np.intp), given)
            yield Robustness(change=kind.name, value=value, unit=kind.unit, macro_f1=found.macro_f1)


def _shifted(sites: PatchSites, distance_um: float, seed: int) -> PatchSites:
    """Every centre so far away in a random direction."""
    angle = np.random.default_rng(seed).uniform(0, 2 * math.pi, len(sites))
    moved = sites.centre_um + distance_um * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return replace(sites, centre_um=moved.astype(np.float32))


def _given(
    examined: Examined, sites: PatchSites, chosen: NDArray[np.intp], changes: Callable[[Changes], Changes]
) -> NDArray[np.intp]:
    """The areas that the classifier gives."""
    settings = examined.settings
    many = at_once(settings)
    reader = CropReader(sites.brains, sites, settings)
    with crop_batches(reader, (chosen[first : first + many] for first in range(0, len(chosen), many)), None) as batches:
        images = (changed(crops.images, settings.patches.patch_px, changes(unchanged(len(crops.seeds)))) for crops in batches)
        return examined.classifier.given(patches_to_features(examined.encoder, settings, images))
