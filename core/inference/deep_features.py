"""Deep features of the nodes of a midsurface, in a file: in half precision, and of fewer components where asked (thesis 7.1.1).

A graph of 760,000 nodes of 2048 features takes 3 GB so. They stay in the file, of which only what is asked for is read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from core.anatomy.midsurface import Midsurface
from core.contracts.features import FeaturesReport
from core.datasets import BrainFolder
from core.datasets.files import write_atomically
from core.graphs.node_features import on_sections
from core.inference.patch_features import features_at
from core.models.encoders import Encoder

SAMPLE = 20_000
"""Nodes whose features tell the principal components."""
AT_ONCE = 16_384
Stored = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """Where one brain's features lie while they are computed, and which of its sections are done."""

    path: Path
    width: int
    nodes: int

    def opened(self) -> Stored:
        """All features (nodes, width), 0 where none were computed; made if need be."""
        if not self.path.exists():
            partial = self.path.with_suffix(".partial")
            open_memmap(partial, mode="w+", dtype=np.float16, shape=(self.nodes, self.width)).flush()
            partial.rename(self.path)
        return open_memmap(self.path, mode="r+")

    def is_done(self, section: int) -> bool:
        """Whether a section's features are in the file."""
        return self._mark(section).exists()

    def done(self, section: int) -> None:
        """Remember it."""
        write_atomically(self._mark(section), b"")

    def _mark(self, section: int) -> Path:
        return self.path.with_name(f"{self.path.stem}-{section}.done")


def compute_features(
    encoder: tuple[Encoder, FeaturesReport],
    folder: BrainFolder,
    surface: Midsurface,
    file: FeatureFile,
    on_section: Callable[[int, int], None],
) -> Stored:
    """The features of all usable nodes, section by section; `on_section` is told how many are done, and may raise.

    Sections that the file has already are not computed again.
    """
    stored, sections = file.opened(), list(on_sections(surface))
    for done, (number, here) in enumerate(sections):
        on_section(done, len(sections))
        if not file.is_done(number):
            stored[here] = features_at(*encoder, folder, number, surface.point_um[here])
            stored.flush()  # type: ignore[attr-defined]
            file.done(number)
    return stored


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
