"""Networks by the name they have in the settings."""

import torch
from torch import Tensor, nn

from core.contracts.training import AUXILIARY_CLASSES, Architecture
from core.models.hr_unet import HrUNet
from core.models.lr_unet import LrUNet
from core.models.ms_unet import MsUNet

NETWORKS: dict[Architecture, type[HrUNet | LrUNet | MsUNet]] = {"hr_unet": HrUNet, "lr_unet": LrUNet, "ms_unet": MsUNet}


def build_model(architecture: Architecture, seed: int = 0, areas: int = 1) -> nn.Module:
    """A freshly initialised network (He initialisation), the same for the same seed; classes: auxiliary ones, areas."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = NETWORKS[architecture](len(AUXILIARY_CLASSES) + areas)
        for module in model.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


def input_names(architecture: Architecture) -> tuple[str, ...]:
    """ "high" and/or "low", in the order the network takes them."""
    return NETWORKS[architecture].inputs


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in model.parameters())


def as_input(image: Tensor) -> Tensor:
    """Intensities 0..1 to the networks' input range −1..1."""
    return image * 2.0 - 1.0
