"""Gray of what an image stores, in its own depth or in the 8 bits that everything here computes with."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.codecs import Coding, Samples
from core.imaging.resampling import Image

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
# Where a file of 16 bits does not say what is black and what is white: these parts of its pixels lie beyond.
_BLACK_PART, _WHITE_PART = 0.001, 0.999
_WHITE_16 = 65535


def as_gray(coding: Coding, palette: Image | None, samples: Samples, luminance_first: bool) -> Samples:
    """(height, width, samples) to gray (height, width), 0 darkest: by the brightness of colours, whatever their alpha."""
    if palette is not None:
        return palette[samples[:, :, 0]]
    if samples.shape[2] < 3 or luminance_first:
        gray = samples[:, :, 0]
        darkest = coding.dtype.type((1 << coding.bits) - 1)
        return darkest - gray if coding.photometric == WHITE_IS_ZERO else gray
    return _rgb_to_gray(np.ascontiguousarray(samples[:, :, :3], coding.dtype))


def gray_palette(colours: NDArray[np.int64]) -> Image:
    """The gray of each palette index, from the 3 x 256 colours of 16 bits that TIFF stores, all red ones first."""
    table = (colours.reshape(3, 256).T >> 8).astype(np.uint8)
    return np.asarray(_rgb_to_gray(table[np.newaxis])[0], np.uint8)


def _rgb_to_gray(colours: Samples) -> Samples:
    gray: Samples = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)  # type: ignore[assignment]
    return gray


def window_table(black: int, white: int) -> Image:
    """The 8-bit gray of each 16-bit one: 0 up to `black`, 255 from `white` on, linear between."""
    values = (np.arange(_WHITE_16 + 1, dtype=np.float64) - black) * (255.0 / (white - black))
    return np.floor(np.clip(values, 0, 255) + 0.5).astype(np.uint8)


def percentile_window(histogram: NDArray[np.int64]) -> tuple[int, int]:
    """(black, white) of 16-bit gray from the counts of its 65,536 values: the percentiles 0.1 and 99.9."""
    running = np.cumsum(histogram)
    black, white = (int(np.searchsorted(running, part * running[-1])) for part in (_BLACK_PART, _WHITE_PART))
    black, white = min(black, _WHITE_16 - 1), min(white, _WHITE_16)
    return black, max(white, black + 1)
