"""HR U-Net: sees cells at high resolution (thesis 5.1.5, after Spitzer et al. 2017)."""

from torch import Tensor, nn

from core.models.blocks import ENCODER_CHANNELS, Decoder, hr_encoder


class HrUNet(nn.Module):
    """U-Net over the high-resolution image only; 1,420,500 parameters with four classes.

    Shapes: high (n, 1, 8m + 1513, 8m + 1513) -> logits (n, classes, m, m), m a multiple of 16; 2025 -> 64.
    """

    inputs: tuple[str, ...] = ("high",)

    def __init__(self, classes: int = 4, shapes: int = 0) -> None:
        super().__init__()
        if shapes:
            raise ValueError("a network without low-resolution input takes no shapes")
        self.high_encoder = hr_encoder()
        skip_channels = (ENCODER_CHANNELS[4], ENCODER_CHANNELS[3], ENCODER_CHANNELS[2], ENCODER_CHANNELS[1])
        self.decoder = Decoder(ENCODER_CHANNELS[5], skip_channels, classes)

    def forward(self, high: Tensor) -> Tensor:
        """Logits of the central m × m label pixels."""
        _, e2, e3, e4, e5, e6 = self.high_encoder(high)
        logits: Tensor = self.decoder(e6, ((e5,), (e4,), (e3,), (e2,)))
        return logits
