"""Two kinds of tissue divided by a morphological active contour whose means follow uneven staining."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

_PRIOR = 0.08  # weight of the whole section's border against the border nearby; a long straight border has 0.16
_MEANS_EVERY = 6
_LINES = tuple(
    np.array(rows, np.uint8)
    for rows in (
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 0], [0, 1, 0], [0, 1, 0]],
        [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
        [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
    )
)


def grow_light(values: Values, within: Mask, seeds: Mask, reach_px: tuple[float, float], iterations: int) -> Mask:
    """The light one of two kinds of tissue, grown from seeds that surely belong to it; all arrays (height, width).

    Chan-Vese by morphological operators (Márquez-Neila et al. 2014): in every iteration the pixels beside the border that
    are closer to the other side's mean change side, then the border's curvature is smoothed. Each side's mean is taken
    where the two meet (Gaussian of the first standard deviation around the other side) and over the border nearby (the
    second one; Lankton and Tannenbaum 2008), so that neither a gradient of the staining nor layers far from the border
    count. Nothing outside `within` counts. Ends early when the border stands still.
    """
    region = seeds & within
    for iteration in range(iterations):
        if iteration % _MEANS_EVERY == 0:
            before, level = region, _half_way(values, region, within & ~region, reach_px)
        if level is None:
            break
        moved = np.where(_border(region), values > level, region) & within
        region = _smooth(moved, outward_first=iteration % 2 == 0) & within
        if (iteration + 1) % _MEANS_EVERY == 0 and np.array_equal(region, before):
            break
    return region


def _half_way(values: Values, light: Mask, dark: Mask, reach_px: tuple[float, float]) -> Values | None:
    """The value half way between both sides of the border nearby; None where the two do not meet at all."""
    meet_px, broad_px = reach_px
    light_share, dark_share = light.astype(np.float32), dark.astype(np.float32)
    near_dark, near_light = (_blurred(share, meet_px) for share in (dark_share, light_share))
    means = [_mean_nearby(values, weight, broad_px, meet_px) for weight in (light_share * near_dark, dark_share * near_light)]
    if means[0] is None or means[1] is None:
        return None
    return np.asarray((means[0] + means[1]) / 2, np.float32)


def _mean_nearby(values: Values, weight: Values, broad_px: float, meet_px: float) -> Values | None:
    """Weighted mean over the broad neighbourhood, and where there is little weight that over everything."""
    total = float(weight.sum())
    if total <= 0:
        return None
    overall = float((values * weight).sum()) / total
    weights, sums = (_blurred(part, broad_px) for part in (weight, values * weight))
    prior = _PRIOR * meet_px / broad_px
    return np.asarray((sums + prior * overall) / (weights + prior), np.float32)


def _blurred(values: Values, sigma_px: float) -> Values:
    """Gaussian blur, on a smaller image where the blur is broad."""
    shrink = max(1, int(sigma_px / 3))
    small = tuple(-(-side // shrink) for side in reversed(values.shape))
    coarse = cv2.resize(values, small, interpolation=cv2.INTER_AREA) if shrink > 1 else values
    blurred = cv2.GaussianBlur(coarse, (0, 0), sigma_px / shrink)
    whole = cv2.resize(blurred, values.shape[::-1], interpolation=cv2.INTER_LINEAR) if shrink > 1 else blurred
    return np.asarray(whole, np.float32)


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
