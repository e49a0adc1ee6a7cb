"""Make images smaller by averaging over areas; pure functions on 8-bit arrays, halving also on 16-bit ones."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
GrayImage = NDArray[np.uint8 | np.uint16]
Depth = TypeVar("Depth", bound=np.uint8 | np.uint16)


def halve(image: NDArray[Depth]) -> NDArray[Depth]:
    """Mean of each 2 x 2 block; an odd last row or column is averaged with itself. (h, w) -> (ceil(h/2), ceil(w/2))."""
    height, width = image.shape
    even = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE) if height % 2 or width % 2 else image
    small = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=image.dtype)


def average_blocks(image: Image, factor: int) -> Image:
    """Mean of each factor x factor block; both sides must be multiples of the factor."""
    height, width = image.shape
    if height % factor or width % factor:
        raise ValueError(f"an image of {width} x {height} px does not consist of blocks of {factor} px")
    if factor == 1:
        return image
    return _as_image(cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA))


def average_intervals(image: Image, row_edges: NDArray[np.float64], column_edges: NDArray[np.float64]) -> Image:
    """Mean over the rectangles between fractional edges, each source pixel weighted by the part of it inside.

    Edges increase and lie in [0, height] and [0, width]; n + 1 edges make n output pixels.
    """
    rows = _interval_means(image.astype(np.float64), row_edges)
    both = _interval_means(np.ascontiguousarray(rows.T), column_edges).T
    return np.floor(both + 0.5).astype(np.uint8)


def _interval_means(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over intervals of the first axis: differences of the running sum, taken linearly between samples."""
    running = np.zeros((values.shape[0] + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=running[1:])
    below = np.minimum(edges.astype(np.int64), values.shape[0] - 1)
    at_edges = running[below] + (edges - below)[:, np.newaxis] * values[below]
    means: NDArray[np.float64] = np.diff(at_edges, axis=0) / np.diff(edges)[:, np.newaxis]
    return means


def _as_image(image: NDArray[np.generic]) -> Image:
    return np.asarray(image, dtype=np.uint8)
