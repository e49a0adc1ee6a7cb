"""LR U-Net: sees the folding pattern at low resolution (thesis 5.1.5)."""

import torch
from torch import Tensor, nn

from core.models.blocks import ENCODER_CHANNELS, Decoder, UpStage, lr_encoder


class LrUNet(nn.Module):
    """U-Net over the low-resolution image only; 1,766,356 parameters with four classes.

    Shapes: low (n, 1, m + 692, m + 692) -> logits (n, classes, m, m), m a multiple of 32; 756 -> 64.
    """

    inputs: tuple[str, ...] = ("low",)

    def __init__(self, classes: int = 4, shapes: int = 0) -> None:
        super().__init__()
        self.low_encoder = lr_encoder(shapes)
        width = ENCODER_CHANNELS[5]
        # One stage more than the other networks: the encoder ends at 32 label pixels, the decoder below starts at 16.
        self.first_stage = UpStage(width + ENCODER_CHANNELS[4], width, dilation=2)
        skip_channels = (ENCODER_CHANNELS[3], ENCODER_CHANNELS[2], ENCODER_CHANNELS[1], ENCODER_CHANNELS[0])
        self.decoder = Decoder(width, skip_channels, classes)

    def forward(self, low: Tensor, *shapes: Tensor) -> Tensor:
        """Logits of the central m × m label pixels; `shapes` as large as `low`."""
        l1, l2, l3, l4, l5, l6 = self.low_encoder(torch.cat([low, *shapes], dim=1))
        logits: Tensor = self.decoder(self.first_stage(l6, (l5,)), ((l4,), (l3,), (l2,), (l1,)))
        return logits
