"""Layer-wise adaptive rate scaling for large batches (thesis eq. 2.9 to 2.11; Y. You, I. Gitman and B. Ginsburg, 2017)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

MOMENTUM, WEIGHT_DECAY, TRUST = 0.9, 1e-4, 0.02
"""The thesis's (6.1.4)."""


class Lars(Optimizer):
    """Gradient descent with Nesterov momentum; each tensor has a learning rate of its own, η·‖θ‖ / ‖∇‖ of the common one.

    ∇ is the loss's gradient alone (eq. 2.11); weight decay joins it after the scaling is known. Where either norm is 0, and in
    groups that are not `scaled`, the common learning rate holds. The velocity has the learning rate in it.
    """

    def __init__(
        self, groups: list[dict[str, Any]], learning_rate: float, momentum: float = MOMENTUM, trust: float = TRUST
    ) -> None:
        super().__init__(
            groups, {"lr": learning_rate, "momentum": momentum, "trust": trust, "weight_decay": 0.0, "scaled": True}
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step along the gradients that are there."""
        if closure is not None:
            raise ValueError("Lars takes no closure: compute the gradients before the step")
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if parameters:
                self._step(parameters, group)

    def _step(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        rates = [torch.as_tensor(group["lr"], dtype=torch.float32, device=each.device) for each in parameters]
        if group["scaled"]:
            norms = zip(torch._foreach_norm(parameters), torch._foreach_norm(gradients), strict=True)
            trusted = (torch.where((own > 0) & (slope > 0), group["trust"] * own / slope, 1.0) for own, slope in norms)
            rates = [rate * trust for rate, trust in zip(rates, trusted, strict=True)]
        steps = torch._foreach_add(gradients, parameters, alpha=group["weight_decay"])
        torch._foreach_mul_(steps, rates)
        velocities = [self.state[parameter].setdefault("velocity", torch.zeros_like(parameter)) for parameter in parameters]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, steps)
        torch._foreach_add_(parameters, steps, alpha=-1)
        torch._foreach_add_(parameters, velocities, alpha=-group["momentum"])


def lars(
    model: nn.Module,
    learning_rate: float,
    *,
    momentum: float = MOMENTUM,
    weight_decay: float = WEIGHT_DECAY,
    trust: float = TRUST,
) -> Lars:
    """LARS over a model as the thesis has it: weight decay and scaling for all but biases and normalisation (6.1.4).

    The thesis excludes biases from weight decay and does not say what of them is scaled; nothing of one dimension is, here.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return Lars(
        [
            {"params": [each for each in trained if each.ndim > 1], "weight_decay": weight_decay},
            {"params": [each for each in trained if each.ndim <= 1], "scaled": False},
        ],
        learning_rate,
        momentum,
        trust,
    )
