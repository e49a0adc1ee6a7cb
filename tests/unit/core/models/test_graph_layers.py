import math

import pytest
import torch
from torch import nn

from core.models.graph_layers import GatLayer, NodeLayer, SageLayer, SeedNorm

STATES = torch.randn(6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
NEIGHBOURS = [[1, 3, 5], [0, 4], [2], []]
DEGREES = [6, 2, 1, 0]


def _padded() -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.tensor([[*row, *[-1] * (4 - len(row))] for row in NEIGHBOURS])
    return rows, torch.tensor(DEGREES)


def _made(kind: type[nn.Module], *more) -> nn.Module:
    torch.manual_seed(3)
    return kind(5, 7, *more).double().eval()


def _score(layer: GatLayer, own: torch.Tensor, other: torch.Tensor) -> float:
    """Eq. 2.48, its matrix as one and its scalar products number by number."""
    matrix = torch.cat([layer.own.weight, layer.other.weight], dim=1).tolist()
    both = torch.cat([own, other]).tolist()
    inner = [sum(weight * value for weight, value in zip(row, both, strict=True)) for row in matrix]
    return sum(a * max(0.0, u) + 0.2 * a * min(0.0, u) for a, u in zip(layer.score.weight[0].tolist(), inner, strict=True))


def test_sage_joins_a_node_with_the_mean_of_its_neighbours():
    layer = _made(SageLayer)
    found = layer(STATES, *_padded())
    for node, row in enumerate(NEIGHBOURS):
        mean = sum((STATES[other] for other in row), torch.zeros(5, dtype=torch.float64)) / max(1, len(row))
        expected = layer.update.weight @ torch.cat([STATES[node], mean]) + layer.update.bias
        torch.testing.assert_close(found[node], expected)


def test_attention_is_that_of_the_formulas():
    layer = _made(GatLayer)
    attention = layer.attention(STATES, _padded()[0])
    found = layer(STATES, *_padded())
    for node, row in enumerate(NEIGHBOURS):
        raised = [math.exp(_score(layer, STATES[node], STATES[other])) for other in row]
        shares = [each / sum(raised) for each in raised]
        torch.testing.assert_close(attention[node].tolist(), [*shares, *[0.0] * (4 - len(row))])
        summed = torch.zeros(5, dtype=torch.float64)
        for share, other in zip(shares, row, strict=True):
            summed += share * STATES[other] / DEGREES[node]
        expected = layer.update.weight @ torch.cat([STATES[node], summed]) + layer.update.bias
        torch.testing.assert_close(found[node], expected)


@pytest.mark.parametrize("kind", [SageLayer, GatLayer])
def test_gradients_are_those_of_finite_differences(kind):
    layer = _made(kind)
    states = STATES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: layer(values, *_padded()), (states,))


def test_without_neighbours_there_is_no_gradient_that_is_no_number():
    layer = _made(GatLayer).train()
    states = STATES.clone().requires_grad_()
    layer(states, torch.full((6, 3), -1), torch.zeros(6)).sum().backward()
    assert torch.isfinite(states.grad).all()


def test_attention_dropout_drops_neighbours_in_training_only():
    layer = _made(GatLayer, 0.5)
    first, again = layer(STATES, *_padded()), layer(STATES, *_padded())
    torch.testing.assert_close(first, again)
    layer.train()
    assert not torch.equal(layer(STATES, *_padded()), layer(STATES, *_padded()))


def test_a_layer_without_edges_looks_at_each_node_alone():
    layer = _made(NodeLayer)
    torch.testing.assert_close(layer(STATES, *_padded()), layer.update(STATES[:4]))


def test_normalisation_takes_its_statistics_over_the_seeds():
    norm, usual = SeedNorm(5).double(), nn.BatchNorm1d(5).double()
    found = norm(STATES, 4)
    torch.testing.assert_close(found[:4], usual(STATES[:4]))
    torch.testing.assert_close(norm.mean, usual.running_mean)
    torch.testing.assert_close(norm.variance, usual.running_var)
    norm.eval()
    usual.eval()
    torch.testing.assert_close(norm(STATES, 1), usual(STATES))
