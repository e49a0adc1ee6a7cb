"""MS U-Net: high-resolution cells and low-resolution folding pattern together (thesis 5.1.5)."""

import torch
from torch import Tensor, nn

from core.models.blocks import ENCODER_CHANNELS, Decoder, double, hr_encoder, lr_encoder


class MsUNet(nn.Module):
    """Both encoders joined at the bottleneck, skips of both in every decoder stage; 2,364,708 parameters.

    Shapes: high (n, 1, 8m + 1513, 8m + 1513) and low (n, 1, m + 564, m + 564) -> logits (n, classes, m, m),
    m a multiple of 32; 2025 and 628 -> 64.
    """

    inputs: tuple[str, ...] = ("high", "low")

    def __init__(self, classes: int = 4, shapes: int = 0) -> None:
        super().__init__()
        self.high_encoder = hr_encoder()
        self.low_encoder = lr_encoder(shapes)
        skip_channels = tuple(ENCODER_CHANNELS[high] + ENCODER_CHANNELS[high - 1] for high in (4, 3, 2, 1))
        self.decoder = Decoder(2 * ENCODER_CHANNELS[5], skip_channels, classes)

    def forward(self, high: Tensor, low: Tensor, *shapes: Tensor) -> Tensor:
        """Logits of the central m × m label pixels; `shapes` as large as `low`."""
        _, e2, e3, e4, e5, e6 = self.high_encoder(high)
        l1, l2, l3, l4, _, l6 = self.low_encoder(torch.cat([low, *shapes], dim=1))
        bottleneck = torch.cat([e6, double(l6)], dim=1)
        logits: Tensor = self.decoder(bottleneck, ((e5, l4), (e4, l3), (e3, l2), (e2, l1)))
        return logits
