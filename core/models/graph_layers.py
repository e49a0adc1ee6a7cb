"""Layers of networks on graphs: SAGE, graph attention, and one that looks at no neighbour (thesis 2.2.2, eq. 2.45 to 2.48).

A layer is given the states of nodes, (n, d), of which the first m are the nodes that it computes, and the places of their
neighbours among the n, (m, k), −1 where there are fewer. Every row being of one length, neighbours are gathered by indexing
and summed along an axis: no scatter, the same on all devices.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

ATTENTION_DROPOUT, SLOPE = 0.5, 0.2
"""Dropout of attention coefficients (7.1.4); the slope of LeakyReLU is that of both papers the thesis takes attention from."""
MOMENTUM, EPSILON = 0.1, 1e-5


class SageLayer(nn.Module):
    """FC(x ‖ mean of the neighbours), eq. 2.45."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.update = nn.Linear(2 * width_in, width)

    def forward(self, states: Tensor, neighbours: Tensor, degrees: Tensor) -> Tensor:
        """States (n, d_in), neighbours (m, k), degrees (m,), to (m, d_out). The mean is of the drawn neighbours alone."""
        there = neighbours >= 0
        shares = there / there.sum(dim=1, keepdim=True).clamp(min=1)
        return updated(self.update, states[: len(neighbours)], _weighted_sum(states, neighbours, shares.to(states.dtype)))


class GatLayer(nn.Module):
    """FC(x ‖ Σ α x_j / |N|), the attention α after LeakyReLU, eq. 2.46 to 2.48.

    |N| counts a node's neighbours in the graph, not the drawn ones: with some drawn and with all of them the sum is of the same
    size then, as the attention of either adds up to one.
    """

    def __init__(self, width_in: int, width: int, dropout: float = ATTENTION_DROPOUT) -> None:
        super().__init__()
        self.own, self.other = nn.Linear(width_in, width, bias=False), nn.Linear(width_in, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)
        self.update = nn.Linear(2 * width_in, width)
        self.dropout = dropout

    def forward(self, states: Tensor, neighbours: Tensor, degrees: Tensor) -> Tensor:
        """States (n, d_in), neighbours (m, k), degrees (m,), to (m, d_out)."""
        attention = functional.dropout(self.attention(states, neighbours), self.dropout, self.training)
        shares = attention / degrees.clamp(min=1).unsqueeze(1)
        return updated(self.update, states[: len(neighbours)], _weighted_sum(states, neighbours, shares.to(states.dtype)))

    def attention(self, states: Tensor, neighbours: Tensor) -> Tensor:
        """α (m, k), eq. 2.47 and 2.48: each row adds up to 1, or to 0 without neighbours."""
        own, other, places = self.own(states[: len(neighbours)]), self.other(states), neighbours.clamp(min=0)
        columns = [
            self.score(functional.leaky_relu(own + other.index_select(0, place), SLOPE)) for place in places.unbind(dim=1)
        ]
        scores = _exact(torch.cat(columns, dim=1)).masked_fill(neighbours < 0, -torch.inf)
        # A node alone has −∞ throughout, and no softmax.
        alone = (neighbours < 0).all(dim=1, keepdim=True)
        return torch.softmax(scores.masked_fill(alone, 0.0), dim=1).masked_fill(neighbours < 0, 0.0)


class NodeLayer(nn.Module):
    """FC(x): a layer of a network without edges."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.update = nn.Linear(width_in, width)

    def forward(self, states: Tensor, neighbours: Tensor, degrees: Tensor) -> Tensor:
        """States (n, d_in) to (m, d_out), m the rows of `neighbours`, which are not looked at."""
        result: Tensor = self.update(states[: len(neighbours)])
        return result


class SeedNorm(nn.Module):
    """Batch normalisation whose statistics are those of the first rows, the nodes that a batch is about.

    The nodes around them are met by several seeds, and by several processes: counted once, however often they are met, no
    process could tell them alone. Every seed is in one process and counts once. `total` sums over the processes of a training.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.total: Callable[[Tensor], Tensor] = _alone

    def forward(self, states: Tensor, seeds: int) -> Tensor:
        """(m, d) normalised: in training by the first `seeds` rows, else by the running statistics."""
        mean, variance = self._statistics(_exact(states[:seeds])) if self.training else (self.mean, self.variance)
        scale = self.weight * torch.rsqrt(variance + EPSILON)
        return torch.addcmul(self.bias - mean * scale, states, scale).to(states.dtype)

    def _statistics(self, values: Tensor) -> tuple[Tensor, Tensor]:
        totals = self.total(torch.cat([values.sum(dim=0), values.new_full((1,), len(values))]))
        count = totals[-1].detach()
        mean = totals[:-1] / count
        variance = self.total((values - mean).square().sum(dim=0)) / count
        self.mean.lerp_(mean.detach(), MOMENTUM)
        self.variance.lerp_(variance.detach() * count / (count - 1).clamp(min=1), MOMENTUM)
        return mean, variance


def updated(layer: nn.Linear, own: Tensor, aggregated: Tensor) -> Tensor:
    """FC(own ‖ aggregated)."""
    result: Tensor = layer(torch.cat([own, aggregated], dim=1))
    return result


def _weighted_sum(states: Tensor, neighbours: Tensor, shares: Tensor) -> Tensor:
    """Σ_j share_ij · state_j, (m, d), without ever holding all neighbours' states at once."""
    total = torch.zeros_like(states[: len(neighbours)])
    for place, share in zip(neighbours.clamp(min=0).unbind(dim=1), shares.unbind(dim=1), strict=True):
        total = torch.addcmul(total, states.index_select(0, place), share.unsqueeze(1))
    return total


def _exact(values: Tensor) -> Tensor:
    """In float32 at least."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _alone(values: Tensor) -> Tensor:
    return values
