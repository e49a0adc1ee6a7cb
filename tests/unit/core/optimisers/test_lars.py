import numpy as np
import pytest
import torch
from torch import nn

from core.optimisers.lars import MOMENTUM, TRUST, WEIGHT_DECAY, lars

RATE = 0.3


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)).double()


def test_steps_are_those_of_the_formulas_written_out():
    """Also from a bias of zeros, which a scaling by its own length would keep there for ever."""
    network = model()
    nn.init.zeros_(network[3].bias)
    optimiser = lars(network, RATE)
    expected = {name: value.detach().numpy().copy() for name, value in network.named_parameters()}
    velocity = {name: np.zeros_like(value) for name, value in expected.items()}
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        optimiser.zero_grad()
        network(torch.randn(8, 4, generator=generator, dtype=torch.float64)).square().sum().backward()
        for name, parameter in network.named_parameters():
            weight, slope = expected[name], parameter.grad.numpy()
            rate, decay = RATE, 0.0
            if weight.ndim > 1:
                rate, decay = RATE * TRUST * np.linalg.norm(weight) / np.linalg.norm(slope), WEIGHT_DECAY
            step = rate * (slope + decay * weight)
            velocity[name] = MOMENTUM * velocity[name] + step
            expected[name] = weight - (step + MOMENTUM * velocity[name])
        optimiser.step()
    for name, parameter in network.named_parameters():
        np.testing.assert_allclose(parameter.detach().numpy(), expected[name], rtol=1e-6, err_msg=name)
    assert network[3].bias.abs().min() > 0


def test_a_loss_scaled_up_takes_weights_the_same_way():
    one, other = model(), model()
    for network, factor in ((one, 1.0), (other, 1000.0)):
        optimiser = lars(network, RATE)
        for group in optimiser.param_groups:
            group["weight_decay"] = 0.0
        (factor * network(torch.ones(4, 4, dtype=torch.float64) * torch.arange(4)[:, None]).square().sum()).backward()
        optimiser.step()
    torch.testing.assert_close(one[0].weight, other[0].weight, rtol=1e-6, atol=1e-9)


def test_a_tensor_without_gradient_or_slope_stays_finite_and_in_place():
    network = model()
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    optimiser = lars(network, RATE)
    for group in optimiser.param_groups:
        group["weight_decay"] = 0.0
    network[0].weight.grad = torch.zeros_like(network[0].weight)
    optimiser.step()
    for name, value in network.named_parameters():
        assert torch.equal(value, before[name]), name


def test_what_it_remembers_can_be_saved_and_taken_up_again():
    straight, resumed = model(), model()
    one, two = lars(straight, RATE), lars(resumed, RATE)
    images = torch.randn(8, 4, dtype=torch.float64)

    def learn(network, optimiser):
        optimiser.zero_grad()
        network(images).square().sum().backward()
        optimiser.step()

    for network, optimiser in ((straight, one), (resumed, two)):
        learn(network, optimiser)
    again = lars(resumed, RATE)
    again.load_state_dict(two.state_dict())
    learn(straight, one)
    learn(resumed, again)
    for mine, theirs in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_closure_is_refused():
    with pytest.raises(ValueError, match="no closure"):
        lars(model(), RATE).step(lambda: 0.0)
