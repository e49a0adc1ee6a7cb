"""Make images smaller by any ratio with cubic interpolation, strip by strip (thesis 4.3.4)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.resampling import Image

_KEYS = -0.75  # the kernel's parameter in OpenCV
_ROWS = 16  # interpolated at a time, as numbers of 4 bytes


def shrink_cubic(source: Image, first_source_row: int, ratio: float, rows: range, shape: tuple[int, int]) -> Image:
    """Rows of an image made smaller by `ratio` >= 1 with cubic interpolation as OpenCV's INTER_CUBIC.

    Pixel i of the result covers [i, i + 1) * ratio of the image. `source` holds rows of it from `first_source_row` on,
    at least those of `cubic_support`; the image has shape[0] rows, the result shape[1] columns. The border is repeated.
    """
    height, width = shape
    columns, column_weights = _taps(range(width), ratio)
    columns = np.clip(columns, 0, source.shape[1] - 1)
    out = np.empty((len(rows), width), np.uint8)
    for start in range(0, len(rows), _ROWS):
        taps, weights = _taps(rows[start : start + _ROWS], ratio)
        taps = np.clip(taps, 0, height - 1) - first_source_row
        lines = _weighted((source[tap] for tap in taps), weights[:, :, np.newaxis])
        short = _weighted((np.take(lines, tap, axis=1) for tap in columns), column_weights)
        out[start : start + _ROWS] = np.clip(short + np.float32(0.5), 0, 255)
    return out


def _weighted(parts: Iterable[NDArray[Any]], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.float32(0)
    for part, weight in zip(parts, weights, strict=True):
        total = total + part * weight
    return np.asarray(total, np.float32)


def cubic_support(rows: range, ratio: float, height: int) -> range:
    """The rows of the image that rows of the result are made from."""
    first, last = _taps(range(rows.start, rows.stop, max(1, len(rows) - 1)), ratio)[0][:, [0, -1]].T
    return range(max(0, int(first[0])), min(height, int(last[-1]) + 1))


def _taps(rows: range, ratio: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Row numbers and weights (4, rows) by Keys' kernel with a = -0.75."""
    centres = (np.arange(rows.start, rows.stop, rows.step) + 0.5) * ratio - 0.5
    below = np.floor(centres).astype(np.int64)
    distances = np.abs(centres - below - np.arange(-1, 3)[:, np.newaxis])
    near = ((_KEYS + 2) * distances - (_KEYS + 3)) * distances**2 + 1
    far = _KEYS * (((distances - 5) * distances + 8) * distances - 4)
    weights = np.where(distances <= 1, near, far)
    return below + np.arange(-1, 3)[:, np.newaxis], weights.astype(np.float32)
