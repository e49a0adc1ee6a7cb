"""How doubtful the border of a predicted area is, stretch by stretch: where a person should look first."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from core.contracts.datasets import RasterGrid
from core.contracts.training import BorderStretch
from core.geometry.frames import px_to_um
from core.units import um_to_mm

STRETCH_MM = 1.0
SHORTEST_RING_MM = 1.0
"""Rings around specks: of less, no stretch is told."""
NEAR_UM = 250.0
MOST_STRETCHES = 40

Floats = NDArray[np.float64]


def border_stretches(
    area: NDArray[np.bool_], probability: NDArray[np.float32], inside: NDArray[np.bool_], grid: RasterGrid
) -> tuple[BorderStretch, ...]:
    """The border of an area in stretches of about a millimetre, most doubtful first, at most `MOST_STRETCHES`.

    All rasters (h, w): the area, its probability, and the region of interest. On a border itself every probability is near one
    half; so the doubt of a stretch is the mean over the region within `NEAR_UM` of it of 1 − |2p − 1|: small where the
    probability falls at once, large where it dithers over a wide band and the border could as well lie elsewhere.
    """
    doubt = _near_mean(1 - np.abs(2 * probability - 1), inside, NEAR_UM / grid.pixel_size_um)
    stretches = []
    for contour in find_contours(np.pad(area, 1).astype(np.float32), 0.5):  # type: ignore[no-untyped-call]
        ring = np.asarray(contour, np.float64)[:, ::-1] - 1  # columns and rows of pixel centres
        stretches += _stretches_of(ring, doubt, grid)
    return tuple(sorted(stretches, key=lambda stretch: -stretch.doubt)[:MOST_STRETCHES])


def _stretches_of(ring_px: Floats, doubt: NDArray[np.float32], grid: RasterGrid) -> list[BorderStretch]:
    """One closed ring (its first point again at the end) in stretches of equal length, about `STRETCH_MM` each."""
    points_um = px_to_um(ring_px, grid.pixel_size_um, grid.origin_um)
    along_mm = np.concatenate([[0.0], np.cumsum(um_to_mm(1.0) * np.hypot(*np.diff(points_um, axis=0).T))])
    if along_mm[-1] < SHORTEST_RING_MM:
        return []
    rows = np.clip(np.rint(ring_px[:, 1]).astype(int), 0, grid.height_px - 1)
    columns = np.clip(np.rint(ring_px[:, 0]).astype(int), 0, grid.width_px - 1)
    doubts = doubt[rows, columns]
    count = max(1, round(along_mm[-1] / STRETCH_MM))
    ends = np.searchsorted(along_mm, np.linspace(0, along_mm[-1], count + 1))
    return [
        BorderStretch(
            points=tuple((float(x), float(y)) for x, y in points_um[first : last + 1]),
            length_mm=float(along_mm[last] - along_mm[first]),
            doubt=float(np.clip(doubts[first : last + 1].mean(), 0, 1)),
        )
        for first, last in zip(ends[:-1], np.minimum(ends[1:], len(points_um) - 1), strict=True)
        if last > first
    ]


def _near_mean(values: NDArray[np.float32], inside: NDArray[np.bool_], radius_px: float) -> NDArray[np.float32]:
    """Mean over the square of this radius around each pixel, of pixels inside only."""
    side = 2 * max(1, round(radius_px)) + 1
    weight = inside.astype(np.float32)
    blurred = [
        cv2.blur(image, (side, side), borderType=cv2.BORDER_CONSTANT)
        for image in ((values * weight).astype(np.float32), weight)
    ]
    return np.asarray(blurred[0] / np.maximum(blurred[1], 1e-6), np.float32)
