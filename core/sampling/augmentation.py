"""Random variation of training patches (thesis 5.1.3)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Variation:
    """One patch's rotation about its centre and its intensity change α·x^γ + β, with x in 0..1.

    `shape_error`: how wrong the areas' shapes are made, from −0.5 to 0.5 (core.sampling.shapes).
    """

    angle_rad: float = 0.0
    alpha: float = 1.0
    gamma: float = 1.0
    beta: float = 0.0
    shape_error: float = 0.0

    def intensity_table(self) -> NDArray[np.float32]:
        """New intensity of each of the 256 gray values. Not clipped: a network has no need of 0..1."""
        intensities = np.arange(256) / 255.0
        return (self.alpha * intensities**self.gamma + self.beta).astype(np.float32)


def draw_variation(generator: np.random.Generator, intensity_variation: float = 1.0) -> Variation:
    """Rotation U[−π/4, π/4] (the thesis prints −π/4 twice, a typo), α U[0.9, 1.1], β U[−0.2, 0.2], γ U[0.8, 1.214].

    `intensity_variation` narrows (below 1) or widens the ranges of α, β and γ about no change.
    """
    return Variation(
        angle_rad=generator.uniform(-math.pi / 4, math.pi / 4),
        alpha=1 + intensity_variation * generator.uniform(-0.1, 0.1),
        beta=intensity_variation * generator.uniform(-0.2, 0.2),
        gamma=max(0.0, 1 + intensity_variation * generator.uniform(-0.2, 0.214)),
    )
