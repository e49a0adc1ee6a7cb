"""How far apart in the brain two patches lie, and where each does: a task that wants no annotated areas.

After H. Spitzer et al., Improving cytoarchitectonic segmentation of human brain areas with self-supervised Siamese networks,
MICCAI 2018 (thesis 2.2.7): patches from near one another are more often of the same area than patches from far apart. The
paper's distance runs along the surface of the cortex; here it is the straight one, and both parts are Huber losses.
"""

import torch
from torch import Tensor
from torch.nn import functional

LOCATION = 3
"""The first columns of a patch's row: where it lies. The others are a code, whose distance to another one is the patches'."""
CODE = 32
PLACE_WIDTH = LOCATION + CODE


def distance_and_location(rows: Tensor, places: Tensor) -> Tensor:
    """The mean error of distances between the patches of each pair plus that of locations, a scalar in float32.

    Shapes: rows (2n, 3 + d) and places (2n, 3), in units in which the brain is about two wide; the patches 2k and 2k + 1 are
    a pair and lie in one brain. Errors are counted as squares up to 1 and in proportion beyond, those of locations for each
    coordinate. ValueError when a patch has no partner.
    """
    if len(rows) % 2 or len(rows) != len(places):
        raise ValueError(f"pairs of patches with their places are wanted, got {len(rows)} patches and {len(places)} places")
    found, true = rows.float(), places.float()
    location, code = found[:, :LOCATION], found[:, LOCATION:]
    distance = torch.linalg.vector_norm(code[0::2] - code[1::2], dim=1)
    true_distance = torch.linalg.vector_norm(true[0::2] - true[1::2], dim=1)
    return functional.huber_loss(distance, true_distance) + functional.huber_loss(location, true)
