"""Contrastive losses over a batch of projections (thesis 2.2.5 and 6.1.1).

All are means over the batch, where the thesis writes sums: the learning rate then does not depend on the batch's size. Cosine
similarities are taken in float32 whatever the projections are in; at a temperature of 0.07 bfloat16 would not do.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.07
Divisor = Literal["class", "positives"]


def supervised_contrastive(
    projections: Tensor, classes: Tensor, temperature: float = TEMPERATURE, divisor: Divisor = "class"
) -> Tensor:
    """Draw patches of one class together and others apart, a scalar in float32.

    Shapes: projections (n, d), of any length; classes (n,) of integers. Each sample's sum over its positives is divided by the
    number of samples of its class, itself among them (eq. 6.67), or by that of its positives, as P. Khosla et al. (Supervised
    contrastive learning, NeurIPS 2020; eq. 2.60) have it: several views of a patch are then samples of one class. A sample
    alone in its class adds nothing. ValueError for fewer than two samples.
    """
    log_shares = _log_shares(projections, temperature)
    alike = classes[:, None] == classes[None, :]
    alike.fill_diagonal_(False)
    positives = alike.sum(dim=1)
    divide_by = positives + 1 if divisor == "class" else positives.clamp_min(1)
    return -(torch.where(alike, log_shares, 0).sum(dim=1) / divide_by).mean()


def self_supervised(projections: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Draw the two views of each patch together (NT-Xent, eq. 2.54), a scalar in float32.

    `projections` (2n, d): the n patches' first views, then their second ones in the same order. ValueError otherwise.
    """
    if len(projections) % 2:
        raise ValueError(f"two views of each patch are wanted, got {len(projections)} projections")
    log_shares = _log_shares(projections, temperature)
    partner = torch.arange(len(projections), device=projections.device).roll(len(projections) // 2)
    return -log_shares.gather(1, partner[:, None]).mean()


def _log_shares(projections: Tensor, temperature: float) -> Tensor:
    """(n, n): of each sample, the log of its share with each other one; −inf with itself."""
    if len(projections) < 2:
        raise ValueError("a contrast needs at least two samples")
    directions = functional.normalize(projections.float(), dim=1)
    with torch.autocast(projections.device.type, enabled=False):
        similarities = directions @ directions.T / temperature
    itself = torch.eye(len(projections), dtype=torch.bool, device=projections.device)
    return similarities.masked_fill(itself, -torch.inf).log_softmax(dim=1)
