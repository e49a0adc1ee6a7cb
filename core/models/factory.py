"""Networks by the name they have in the settings."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.contracts.training import AUXILIARY_CLASSES, Architecture
from core.models.hr_unet import HrUNet
from core.models.lr_unet import LrUNet
from core.models.ms_unet import MsUNet

NETWORKS: dict[Architecture, type[HrUNet | LrUNet | MsUNet]] = {"hr_unet": HrUNet, "lr_unet": LrUNet, "ms_unet": MsUNet}
SHAPE_WEIGHTS = "low_encoder.blocks.0.0.0.weight"
"""Of the convolution that sees shapes; the image is its first channel."""


def build_model(architecture: Architecture, seed: int = 0, areas: int = 1, shapes: int = 0) -> nn.Module:
    """A freshly initialised network (He initialisation), the same for the same seed; classes: auxiliary ones, areas.

    With `shapes` it also takes so many shapes beside the low-resolution image, which it does not heed until it learns to.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classes = len(AUXILIARY_CLASSES) + areas
        model = NETWORKS[architecture](classes, shapes)
        for module in model.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    if shapes:
        model.get_parameter(SHAPE_WEIGHTS).data[:, 1:] = 0
    return model


def with_shapes(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a network that takes fewer shapes, for one that takes more: those it does not heed yet."""
    found = dict(tensors)
    if SHAPE_WEIGHTS not in tensors or SHAPE_WEIGHTS not in own:
        return found
    missing = own[SHAPE_WEIGHTS].shape[1] - tensors[SHAPE_WEIGHTS].shape[1]
    if missing > 0:
        found[SHAPE_WEIGHTS] = functional.pad(tensors[SHAPE_WEIGHTS], (0, 0, 0, 0, 0, missing))
    return found


def input_names(architecture: Architecture) -> tuple[str, ...]:
    """ "high" and/or "low", in the order the network takes them."""
    return NETWORKS[architecture].inputs


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in model.parameters())


def as_input(image: Tensor) -> Tensor:
    """Intensities 0..1 to the networks' input range −1..1."""
    return image * 2.0 - 1.0
