"""Shape and texture together: outlines interpolated between training sections as a prior on a network's logits.

The network says what is gray matter and what its texture looks like; the interpolated outline says where in the gray matter an
area is expected. So the prior moves probability between the areas and the other gray matter only: what is background or white
matter stays what the network takes it for.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.contracts.training import OTHER_GRAY_MATTER

# A pixel this far inside the interpolated outline is e times likelier to be of the area. Chosen where the mean F1 of the demo
# brain is highest and flat around it (docs/reference/quality.md, `python -m benchmarks.shape_prior`).
SCALE_UM = 100.0
SCALE_UM_PER_MM = 200.0
"""Added for each millimetre to the nearer training section: the farther, the less an interpolated outline says."""


def scale_um(nearer_mm: float) -> float:
    """How far from the interpolated outline the odds change by a factor of e, `nearer_mm` from the nearer training section."""
    return SCALE_UM + SCALE_UM_PER_MM * nearer_mm


def log_odds(distances_um: NDArray[np.float32], nearer_mm: float, weight: float) -> NDArray[np.float32]:
    """What the outlines add to the areas' logits, from signed distances to them (areas, h, w), positive inside."""
    return np.asarray(distances_um * np.float32(weight / scale_um(nearer_mm)), np.float32)


def fused(logits: Tensor, prior: Tensor) -> Tensor:
    """Logits (n, classes, h, w) with the areas' log odds `prior` (areas, h, w or n, areas, h, w) added.

    Within the gray matter alone: the probability of gray matter as a whole, of background and of white matter stay.
    """
    gray = logits[:, OTHER_GRAY_MATTER:]
    shifted = torch.cat([gray[:, :1], gray[:, 1:] + prior], dim=1)
    kept = gray.logsumexp(dim=1, keepdim=True) - shifted.logsumexp(dim=1, keepdim=True)
    return torch.cat([logits[:, :OTHER_GRAY_MATTER], shifted + kept], dim=1)
