"""Encoders of image patches to feature vectors (thesis 6.1.5, figures 2.13, 2.14 and 6.3).

The thesis's figures do not print every width. These are the ones that give its numbers of parameters and features (table 6.2);
how they were found is told in the project's method notes. Two convolutions and a pooling come first in all of them, as in the
base architecture: 5×5 with stride 4, then 3×3.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.contracts.features import EncoderSettings
from core.models.blocks import ENCODER_CHANNELS, hr_encoder
from core.models.checkpointing import recomputed

EncoderName = Literal["base", "resnet18", "resnet50", "resnet101", "densenet121"]
STEM_CHANNELS = 32
BASE_FIELD_PX = 1129
"""What one place of the base encoder's last features sees, and the smallest image it takes without padding."""
RESNET_CHANNELS = (64, 128, 256, 512)
GROWTH, DENSE_BOTTLENECK = 32, 128


class Encoder(nn.Module):
    """Stages one after the other and global average pooling: (n, 1, h, w) -> (n, feature_width).

    With `recompute` the stages' inner features are not kept for the backward pass but computed again there (thesis 2.2.6):
    less memory, a third more time.
    """

    def __init__(self, stages: Sequence[nn.Module], feature_width: int, recompute: bool = False) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.feature_width = feature_width
        self.recompute = recompute

    def forward(self, images: Tensor) -> Tensor:
        """Feature vectors in float32."""
        features = images
        for stage in self.stages:
            features = recomputed(stage, features) if self.recompute and self.training else stage(features)
        return features.float().mean(dim=(2, 3))


def build_encoder(name: EncoderName, seed: int = 0, recompute: bool = False) -> Encoder:
    """A freshly initialised encoder (He initialisation), the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stages, width = ENCODERS[name]()
        encoder = Encoder(stages, width, recompute)
        for module in encoder.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return encoder


def encoder_for(settings: EncoderSettings) -> Encoder:
    """The encoder that the settings name, as it is before it has learnt anything.

    The base encoder gets zero padding where patches are smaller than what one place of its last features sees, which without
    any would leave none; its weights are of the same shapes.
    """
    encoder = build_encoder(settings.encoder, settings.seed, settings.recompute)
    if settings.encoder == "base" and settings.patches.patch_px < BASE_FIELD_PX:
        for module in encoder.modules():
            if isinstance(module, nn.Conv2d):
                module.padding = (module.kernel_size[0] // 2, module.kernel_size[1] // 2)
    return encoder


class ProjectionHead(nn.Sequential):
    """Two fully-connected layers to the space where the contrastive loss is computed: (n, width) -> (n, 256)."""

    def __init__(self, feature_width: int, projection_width: int = 256) -> None:
        super().__init__(
            nn.Linear(feature_width, feature_width, bias=False),
            nn.BatchNorm1d(feature_width),
            nn.ReLU(inplace=True),
            nn.Linear(feature_width, projection_width),
        )


def _convolution(channels_in: int, channels_out: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, size, stride=stride, padding=size // 2, bias=False)


def _stem() -> nn.Sequential:
    """An eighth of the image's size, with zero padding."""
    return nn.Sequential(
        _convolution(1, STEM_CHANNELS, 5, stride=4),
        nn.BatchNorm2d(STEM_CHANNELS),
        nn.ReLU(inplace=True),
        _convolution(STEM_CHANNELS, STEM_CHANNELS, 3),
        nn.BatchNorm2d(STEM_CHANNELS),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )


def _normalised(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


# -- base


class _Pooled(nn.Module):
    """A block of the HR encoder after pooling; an odd row is left out, which only segmentation could not bear."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.block(functional.max_pool2d(features, 2))
        return result


def _base() -> tuple[list[nn.Module], int]:
    """The encoder of the HR U-Net, without padding."""
    first, *others = hr_encoder().blocks
    return [first, *(_Pooled(block) for block in others)], ENCODER_CHANNELS[-1]


# -- residual networks


class _Residual(nn.Module):
    """Pre-activated residual connection (K. He et al., 2016b): x + f(ReLU(norm(x))).

    Where size or number of channels change, x goes through a 1×1 convolution with normalisation of its own.
    """

    def __init__(self, channels_in: int, convolutions: Sequence[nn.Conv2d], stride: int) -> None:
        super().__init__()
        widths = [channels_in, *(convolution.out_channels for convolution in convolutions)]
        parts = zip(widths, convolutions, strict=False)
        self.inner = nn.Sequential(*(nn.Sequential(_normalised(before), layer) for before, layer in parts))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != widths[-1]:
            self.shortcut = nn.Sequential(_convolution(channels_in, widths[-1], 1, stride), nn.BatchNorm2d(widths[-1]))

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.shortcut(features) + self.inner(features)
        return result


def _plain(channels_in: int, channels: int, stride: int) -> _Residual:
    return _Residual(channels_in, [_convolution(channels_in, channels, 3, stride), _convolution(channels, channels, 3)], stride)


def _narrowed(channels_in: int, channels: int, stride: int) -> _Residual:
    """The bottleneck block, four times as wide at its end."""
    layers = [
        _convolution(channels_in, channels, 1),
        _convolution(channels, channels, 3, stride),
        _convolution(channels, 4 * channels, 1),
    ]
    return _Residual(channels_in, layers, stride)


def _resnet(
    block: Callable[[int, int, int], _Residual], widening: int, counts: Sequence[int]
) -> Callable[[], tuple[list[nn.Module], int]]:
    def stages() -> tuple[list[nn.Module], int]:
        ends = [STEM_CHANNELS, *(channels * widening for channels in RESNET_CHANNELS)]
        made: list[nn.Module] = [_stem()]
        for number, ((before, after), channels, count) in enumerate(zip(pairwise(ends), RESNET_CHANNELS, counts, strict=True)):
            first = block(before, channels, 1 if number == 0 else 2)
            made.append(nn.Sequential(first, *(block(after, channels, 1) for _ in range(count - 1))))
        return [*made, _normalised(ends[-1])], ends[-1]

    return stages


# -- densely connected network


class _Dense(nn.Module):
    """A layer whose input is that of all layers before it, and whose output joins them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            _normalised(channels), _convolution(channels, DENSE_BOTTLENECK, 1),
            _normalised(DENSE_BOTTLENECK), _convolution(DENSE_BOTTLENECK, GROWTH, 3),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([features, self.inner(features)], dim=1)


def _densenet121() -> tuple[list[nn.Module], int]:
    stages: list[nn.Module] = [_stem()]
    channels = STEM_CHANNELS
    for number, count in enumerate((6, 12, 24, 16)):
        if number:
            stages.append(nn.Sequential(_normalised(channels), _convolution(channels, channels // 2, 1), nn.AvgPool2d(2)))
            channels //= 2
        stages.append(nn.Sequential(*(_Dense(channels + index * GROWTH) for index in range(count))))
        channels += count * GROWTH
    return [*stages, _normalised(channels)], channels


ENCODERS: dict[EncoderName, Callable[[], tuple[list[nn.Module], int]]] = {
    "base": _base,
    "resnet18": _resnet(_plain, 1, (2, 2, 2, 2)),
    "resnet50": _resnet(_narrowed, 4, (3, 4, 6, 3)),
    "resnet101": _resnet(_narrowed, 4, (3, 4, 23, 3)),
    "densenet121": _densenet121,
}
