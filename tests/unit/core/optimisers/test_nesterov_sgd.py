import pytest
import torch

from core.contracts.training import SegmentationSettings
from core.models.factory import build_model
from core.optimisers.nesterov_sgd import learning_rate_at, nesterov_sgd, set_learning_rate


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.04), (999, 0.04), (1000, 0.02), (1399, 0.02), (1400, 0.01), (1800, 0.005), (2200, 0.0025), (2999, 0.00125)],
)
def test_learning_rate_halves_after_the_thesis_iterations(step, rate):
    assert learning_rate_at(step, SegmentationSettings()) == pytest.approx(rate)


def test_weight_decay_applies_to_all_but_biases():
    model = build_model("hr_unet")
    optimiser = nesterov_sgd(model, SegmentationSettings())
    decayed = {id(p) for group in optimiser.param_groups if group["weight_decay"] > 0 for p in group["params"]}
    for name, parameter in model.named_parameters():
        assert (id(parameter) in decayed) == (not name.endswith("bias")), name


def test_all_parameters_are_optimised_with_nesterov_momentum():
    model = build_model("lr_unet")
    optimiser = nesterov_sgd(model, SegmentationSettings())
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(list(model.parameters()))
    assert all(group["nesterov"] and group["momentum"] == 0.9 for group in optimiser.param_groups)


def test_two_steps_follow_the_nesterov_formula():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    settings = SegmentationSettings(momentum=0.9, weight_decay=0.0)
    optimiser = nesterov_sgd(layer, settings)
    weight, velocity = 1.0, 0.0
    for rate in (0.1, 0.05):
        set_learning_rate(optimiser, rate)
        optimiser.zero_grad()
        (0.5 * layer.weight**2).sum().backward()
        optimiser.step()
        velocity = 0.9 * velocity + weight
        weight -= rate * (weight + 0.9 * velocity)
    assert layer.weight.item() == pytest.approx(weight)
