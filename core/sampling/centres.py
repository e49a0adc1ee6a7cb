"""Where patches are centred: balanced over the classes of the training regions (thesis 5.1.2, figure 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts.training import AREA


class ClassAbsentError(Exception):
    """A class that training cannot do without has no pixels."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A label pixel of one of the training sections."""

    section_index: int
    row: int
    column: int


class BalancedCentres:
    """Draws label pixels so that every class is equally likely, and every pixel of a class.

    Classes come in rounds: each round holds every class once, in random order, so that small batches are balanced too.
    An auxiliary class that occurs in no region is left out; every section must hold an area, and every area occur.
    """

    def __init__(
        self, labels_in_regions: Sequence[NDArray[np.uint8]], areas: Sequence[str], section_numbers: Sequence[int]
    ) -> None:
        """`labels_in_regions`: one class raster per section, a value above the last area's where no patch may be centred."""
        classes = AREA + len(areas)
        for labels, number in zip(labels_in_regions, section_numbers, strict=True):
            if not ((labels >= AREA) & (labels < classes)).any():
                raise ClassAbsentError(_absent(" or ".join(areas), f"section {number}"))
        self._widths = [labels.shape[1] for labels in labels_in_regions]
        self._pixels = {
            number: [np.flatnonzero(labels == number).astype(np.uint32) for labels in labels_in_regions]
            for number in range(classes)
        }
        self.counts = {number: sum(pixels.size for pixels in found) for number, found in self._pixels.items()}
        for index, area in enumerate(areas):
            if not self.counts[AREA + index]:
                raise ClassAbsentError(_absent(area, "any of the training sections"))
        self._present = [number for number, count in self.counts.items() if count]

    def draw(self, generator: np.random.Generator, count: int) -> list[Centre]:
        """`count` centres; the same for the same state of the generator."""
        rounds = -(-count // len(self._present))
        classes = np.concatenate([generator.permutation(self._present) for _ in range(rounds)])[:count]
        return [self._draw_one(generator, int(number)) for number in classes]

    def _draw_one(self, generator: np.random.Generator, number: int) -> Centre:
        place = int(generator.integers(self.counts[number]))
        for section_index, pixels in enumerate(self._pixels[number]):
            if place < pixels.size:
                row, column = divmod(int(pixels[place]), self._widths[section_index])
                return Centre(section_index, row, column)
            place -= pixels.size
        raise AssertionError("unreachable: the place was drawn below the class's count")


def _absent(area: str, place: str) -> str:
    return (
        f"area {area} has no pixels in {place}: its outline covers no gray matter there; "
        "check the outline and the section's tissue classes"
    )


def class_weights(counts: dict[int, int]) -> NDArray[np.float32]:
    """Loss weights inversely proportional to each class's share in the regions, with mean 1 over the present classes.

    `counts`: pixels of each class within the regions; an absent class gets 0 (thesis 5.1.4).
    """
    pixels = np.array([counts[number] for number in sorted(counts)], dtype=np.float64)
    inverse = np.divide(1.0, pixels, out=np.zeros_like(pixels), where=pixels > 0)
    weights: NDArray[np.float32] = (inverse / inverse[pixels > 0].mean()).astype(np.float32)
    return weights
