"""Stochastic gradient descent with Nesterov momentum and a stepped learning rate (thesis 5.1.4)."""

from torch import nn
from torch.optim import SGD

from core.contracts.training import SegmentationSettings


def nesterov_sgd(model: nn.Module, settings: SegmentationSettings) -> SGD:
    """SGD over the trainable parameters; weight decay on all that are no bias, as the thesis has it."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for name, p in named if not name.endswith("bias")], "weight_decay": settings.weight_decay},
        {"params": [p for name, p in named if name.endswith("bias")], "weight_decay": 0.0},
    ]
    return SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=settings.momentum > 0)


def learning_rate_at(step: int, settings: SegmentationSettings) -> float:
    """Learning rate of a step counted from 0: halved after each number of iterations in `halve_learning_rate_at`."""
    halvings = sum(step >= after for after in settings.halve_learning_rate_at)
    return float(settings.learning_rate * 0.5**halvings)


def set_learning_rate(optimiser: SGD, learning_rate: float) -> None:
    """Use a learning rate for all parameters."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate
