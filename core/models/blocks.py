"""Building blocks shared by the segmentation networks: valid convolutions, pooling encoders, up-sampling decoders.

Sources: thesis 5.1.5; the pieces the thesis leaves open are derived in the project's method notes (valid 3×3 convolutions,
two per block, batch normalisation after each, nearest-neighbour up-sampling, skips from before the pooling).
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ENCODER_CHANNELS = (16, 32, 64, 64, 128, 128)
DECODER_CHANNELS = (128, 64, 64, 32)
# Convolutions per decoder stage. Four in the last lose 8 px instead of 4, which makes the output 64 px for a 2025-px input.
DECODER_CONVOLUTIONS = (2, 2, 2, 4)


class Convolution(nn.Sequential):
    """Valid convolution without bias, batch normalisation, ReLU: (n, c_in, h, w) -> (n, c_out, h', w')."""

    def __init__(self, channels_in: int, channels_out: int, size: int = 3, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, size, stride=stride, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class Encoder(nn.Module):
    """Six blocks of two convolutions with 2×2 max-pooling in between; each block's output before pooling is kept.

    `first` is (kernel size, stride) of the very first convolution and `dilation` that of every convolution after the first
    block. An odd size before a pool would lose a row and shift the grid, so it is refused.
    """

    def __init__(self, first: tuple[int, int], dilation: int, channels: int = 1) -> None:
        super().__init__()
        size, stride = first
        blocks = [
            nn.Sequential(Convolution(channels, ENCODER_CHANNELS[0], size, stride), Convolution(*ENCODER_CHANNELS[:1] * 2))
        ]
        for channels_in, channels_out in itertools.pairwise(ENCODER_CHANNELS):
            blocks.append(
                nn.Sequential(
                    Convolution(channels_in, channels_out, dilation=dilation),
                    Convolution(channels_out, channels_out, dilation=dilation),
                )
            )
        self.blocks = nn.ModuleList(blocks)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(n, channels, h, w) -> the six block outputs, finest first."""
        features = [self.blocks[0](image)]
        for block in list(self.blocks)[1:]:
            height, width = features[-1].shape[-2:]
            if height % 2 or width % 2:
                raise ValueError(
                    f"an input of {image.shape[-2]}×{image.shape[-1]} px gives an odd size {height}×{width} before a pool; "
                    "take a size from core.models.geometry"
                )
            features.append(block(functional.max_pool2d(features[-1], 2)))
        return features


def hr_encoder() -> Encoder:
    """Encoder of the high-resolution input: first convolution 5×5 with stride 4, no dilation; 663,376 parameters."""
    return Encoder(first=(5, 4), dilation=1)


def lr_encoder(shapes: int = 0) -> Encoder:
    """Encoder of the low-resolution input, and of the areas' shapes where they are given.

    Stride 1, dilation 2 in all but the first two convolutions (thesis 5.1.5).
    """
    return Encoder(first=(3, 1), dilation=2, channels=1 + shapes)


class UpStage(nn.Module):
    """Doubles the size (nearest neighbour), joins the centre-cropped skips and convolves."""

    def __init__(self, channels_in: int, channels_out: int, convolutions: int = 2, dilation: int = 1) -> None:
        super().__init__()
        widths = [channels_in] + [channels_out] * convolutions
        self.convolutions = nn.Sequential(
            *(Convolution(before, after, dilation=dilation) for before, after in itertools.pairwise(widths))
        )

    def forward(self, coarse: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """`coarse` (n, c, h, w) and `skips` at twice its resolution -> (n, c_out, 2h − loss, 2w − loss)."""
        fine = double(coarse)
        cropped = [centre_crop(skip, fine.shape[-2], fine.shape[-1]) for skip in skips]
        result: Tensor = self.convolutions(torch.cat([fine, *cropped], dim=1))
        return result


class Decoder(nn.Module):
    """Four up-sampling stages and the 1×1 classifier. `skip_channels`: summed channels of the skips of each stage."""

    def __init__(self, bottleneck_channels: int, skip_channels: Sequence[int], classes: int) -> None:
        super().__init__()
        inputs = (bottleneck_channels, *DECODER_CHANNELS)
        self.stages = nn.ModuleList(
            UpStage(below + skip, width, convolutions)
            for below, skip, width, convolutions in zip(
                inputs, skip_channels, DECODER_CHANNELS, DECODER_CONVOLUTIONS, strict=False
            )
        )
        self.classifier = nn.Conv2d(DECODER_CHANNELS[-1], classes, 1)

    def forward(self, bottleneck: Tensor, skips: Sequence[Sequence[Tensor]]) -> Tensor:
        """Bottleneck and the skips of each stage, coarsest first -> logits (n, classes, m, m)."""
        features = bottleneck
        for stage, stage_skips in zip(self.stages, skips, strict=True):
            features = stage(features, stage_skips)
        logits: Tensor = self.classifier(features)
        return logits


def double(features: Tensor) -> Tensor:
    """Twice the size by repeating each pixel."""
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


def centre_crop(features: Tensor, height: int, width: int) -> Tensor:
    """The central height × width part; an uneven border would shift the skip by half a pixel, so it is refused."""
    extra_rows, extra_columns = features.shape[-2] - height, features.shape[-1] - width
    if extra_rows < 0 or extra_columns < 0 or extra_rows % 2 or extra_columns % 2:
        raise ValueError(f"cannot centre-crop {tuple(features.shape[-2:])} to {(height, width)} with even borders")
    top, left = extra_rows // 2, extra_columns // 2
    return features[..., top : top + height, left : left + width]
