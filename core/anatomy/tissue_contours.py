"""Morphological active contours without edges, with means that follow uneven staining."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

_LINES = tuple(
    np.array(rows, np.uint8)
    for rows in (
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 0], [0, 1, 0], [0, 1, 0]],
        [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
        [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
    )
)


def two_regions(values: Values, within: Mask, start: Mask, reach_px: float, iterations: int) -> Mask:
    """Divide `within` in two regions, each close to its own mean; True where `start` was and what belongs to it.

    Chan-Vese by morphological operators (Márquez-Neila et al. 2014): in every iteration the pixels beside the border that
    are closer to the other side's mean change side, then the border's curvature is smoothed. The means are local (Gaussian
    of standard deviation `reach_px`, Lankton and Tannenbaum 2008), so that neither a gradient of the staining nor layers
    far from the border count. `values`, `within`, `start` are (height, width); nothing outside `within` counts.
    """
    region = start & within
    mean = _local_mean(reach_px)
    for iteration in range(iterations):
        inside, outside = mean(values, region), mean(values, within & ~region)
        closer_inside = np.abs(values - inside) < np.abs(values - outside)
        border = _border(region)
        moved = np.where(border, closer_inside, region) & within
        smoothed = _smooth(moved, outward_first=iteration % 2 == 0) & within
        if np.array_equal(smoothed, region):
            break
        region = smoothed
    return region


def _local_mean(reach_px: float) -> Callable[[Values, Mask], Values]:
    """Mean over the masked pixels nearby, and far from any of them over all of them."""
    shrink = max(1, int(reach_px / 3))  # a broad mean needs few pixels

    def mean(values: Values, mask: Mask) -> Values:
        weight = mask.astype(np.float32)
        small = tuple(-(-side // shrink) for side in reversed(mask.shape))
        sums = [cv2.resize(part, small, interpolation=cv2.INTER_AREA) for part in (weight, values * weight)]
        counts, totals = (cv2.GaussianBlur(part, (0, 0), reach_px / shrink) for part in sums)
        overall = float(values[mask].mean()) if mask.any() else 0.0
        near = (totals + 1e-4 * overall) / (counts + 1e-4)
        return np.asarray(cv2.resize(near, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    return mean


def _border(region: Mask) -> Mask:
    pixels = region.astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray(cv2.dilate(pixels, cross) != cv2.erode(pixels, cross))


def _smooth(region: Mask, outward_first: bool) -> Mask:
    """One step of morphological curvature: SI after IS or the other way round, in turns, so that neither side is favoured."""
    pixels = region.astype(np.uint8)
    for step in (_sup_inf, _inf_sup) if outward_first else (_inf_sup, _sup_inf):
        pixels = step(pixels)
    return np.asarray(pixels, np.bool_)


def _sup_inf(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(np.maximum.reduce([cv2.erode(pixels, line) for line in _LINES]), np.uint8)


def _inf_sup(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(np.minimum.reduce([cv2.dilate(pixels, line) for line in _LINES]), np.uint8)
