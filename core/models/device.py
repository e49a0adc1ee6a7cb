"""Where networks run and in which precision."""

from typing import Any

import torch
from torch import nn

from core.contracts.training import Precision


def choose_device() -> torch.device:
    """The CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def placed(model: nn.Module, device: torch.device) -> nn.Module:
    """The model on the device in channels-last order, which bfloat16 convolutions are several times faster in."""
    return model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def mixed_precision(device: torch.device, precision: Precision) -> Any:  # noqa: ANN401 - torch types its context loosely
    """Context in which convolutions run in the given precision; weights and loss stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
