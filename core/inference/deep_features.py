"""Deep features of the nodes of a midsurface, in a file: in half precision, and of fewer components where asked (thesis 7.1.1).

A graph of 760,000 nodes of 2048 features takes 3 GB so. They stay in the file, of which only what is asked for is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from core.anatomy.midsurface import Midsurface
from core.datasets import BrainFolder
from core.graphs.node_features import on_sections
from core.inference.kept_features import KeptFeatures, features_name
from core.models.encoders import Encoder

SAMPLE = 20_000
"""Nodes whose features tell the principal components."""
AT_ONCE = 16_384
Stored = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """One brain's features while they are computed, section by section, and then in one file (nodes, width)."""

    parts: KeptFeatures
    sections: Sequence[tuple[int, NDArray[np.intp]]]
    """Every section that usable nodes lie on, and which."""
    width: int
    nodes: int

    @property
    def is_joined(self) -> bool:
        """Whether nothing is left to be computed."""
        return self._whole.exists()

    def join(self) -> None:
        """Put all sections' features into one file, 0 for nodes of none; done already where it stands."""
        if not self.is_joined:
            partial = self._whole.with_suffix(".partial")
            stored = open_memmap(partial, mode="w+", dtype=np.float16, shape=(self.nodes, self.width))
            for number, here in self.sections:
                stored[here] = self.parts.of(number, _gone)
            stored.flush()
            partial.rename(self._whole)
        self.parts.forget()

    def opened(self) -> Stored:
        """All features once they are joined, (nodes, width)."""
        return open_memmap(self._whole, mode="r")

    @property
    def _whole(self) -> Path:
        return self.parts.folder / f"{self.parts.name}.npy"


def feature_file(encoder: Encoder, folder: BrainFolder, surface: Midsurface, checkpoints: Path) -> FeatureFile:
    """Where the features of a surface's usable nodes by an encoder lie among the checkpoints; no others are taken for them."""
    name = features_name(encoder, folder.brain.id, surface.section, surface.point_um, surface.usable)
    sections = list(on_sections(surface))
    return FeatureFile(KeptFeatures(checkpoints, name), sections, encoder.feature_width, len(surface.section))


def _gone() -> Stored:
    raise FileNotFoundError("features of a section are gone; start again")


def principal_components(
    sources: Sequence[tuple[Stored, NDArray[np.intp]]], count: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Mean (d,), the first components (d, count) and their share of the variance, of rows of several files.

    At most `SAMPLE` rows are drawn at random, from every file in proportion to its rows.
    """
    generator, rows = np.random.default_rng(seed), sum(len(usable) for _, usable in sources)
    parts = []
    for stored, usable in sources:
        taken = min(len(usable), max(1, round(SAMPLE * len(usable) / max(SAMPLE, rows))))
        parts.append(stored[np.sort(generator.choice(usable, taken, replace=False))].astype(np.float64))
    sample = np.concatenate(parts)
    mean = sample.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(sample, rowvar=False))
    kept = np.argsort(variances)[::-1][:count]
    share = float(variances[kept].sum() / max(variances.sum(), 1e-12))
    return mean.astype(np.float32), directions[:, kept].astype(np.float32), share


def projected(stored: Stored, usable: NDArray[np.intp], mean: NDArray[np.float32], components: NDArray[np.float32]) -> Stored:
    """Rows in terms of the components, (n, count), 0 for nodes that are not usable."""
    result = np.zeros((len(stored), components.shape[1]), np.float16)
    for first in range(0, len(usable), AT_ONCE):
        some = usable[first : first + AT_ONCE]
        result[some] = (stored[some].astype(np.float32) - mean) @ components
    return result
