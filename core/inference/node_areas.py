"""What a graph says of a section's pixels: each of the gray matter takes the area of the nearest node there (thesis 6.1.1)."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, BACKGROUND, OTHER_GRAY_MATTER
from core.geometry.frames import px_to_um
from core.inference.predict import CERTAIN, RegionPrediction
from core.sampling.labels import OUTSIDE, resample_nearest
from core.units import mm_to_um

RASTER_UM = 64.0
"""Pixel size: nodes lie about five pixels apart."""
REACH_MM = 3.0
"""How far a node speaks for gray matter: through the cortex from its middle, also where it is cut obliquely."""
RIM_MM = 0.5
"""Of white matter and slide around the gray matter, so that borders to them are seen as borders."""


def section_areas(
    points_um: NDArray[np.floating],
    probabilities: NDArray[np.floating],
    tissue: tuple[NDArray[np.uint8], RasterGrid],
    size_um: tuple[float, float],
) -> Iterator[tuple[int, RegionPrediction]]:
    """For every area found on a section its number and the prediction of it alone, as a model of that area would leave it.

    The section has width and height `size_um`, its nodes places (n, 2) and probabilities (n, areas).
    """
    grid = RasterGrid(
        pixel_size_um=RASTER_UM, width_px=int(np.ceil(size_um[0] / RASTER_UM)), height_px=int(np.ceil(size_um[1] / RASTER_UM))
    )
    classes = resample_nearest(*tissue, grid, fill=BACKGROUND)
    rows, columns = np.nonzero(classes == OTHER_GRAY_MATTER)
    places = px_to_um(np.c_[columns, rows].astype(np.float64), RASTER_UM, grid.origin_um)
    distance_um, nearest = cKDTree(points_um).query(places, distance_upper_bound=mm_to_um(REACH_MM))
    reached = np.isfinite(distance_um)
    spoken_for, nearest = (rows[reached], columns[reached]), nearest[reached]
    labels = np.where(_around(spoken_for, classes) & (classes != OTHER_GRAY_MATTER), classes, OUTSIDE).astype(np.uint8)
    labels[spoken_for] = OTHER_GRAY_MATTER
    confidence = np.where(labels != OUTSIDE, CERTAIN, 0).astype(np.uint8)
    confidence[spoken_for] = _times_255(probabilities.max(axis=1))[nearest]
    entropy = np.zeros(classes.shape, np.uint8)
    entropy[spoken_for] = _times_255(_entropy(probabilities))[nearest]
    given = probabilities.argmax(axis=1)[nearest]
    for area in np.unique(given).tolist():
        own, share = labels.copy(), np.zeros((1, *classes.shape), np.uint8)
        own[spoken_for] = np.where(given == area, AREA, OTHER_GRAY_MATTER)
        share[0][spoken_for] = _times_255(probabilities[:, area])[nearest]
        yield area, RegionPrediction(own, confidence, share, entropy, grid)


def _around(pixels: tuple[NDArray[np.intp], NDArray[np.intp]], classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    gray = np.zeros(classes.shape, np.uint8)
    gray[pixels] = 1
    side = 2 * round(mm_to_um(RIM_MM) / RASTER_UM) + 1
    return np.asarray(cv2.dilate(gray, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0)


def _entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of an even guess 1."""
    shares = np.clip(probabilities.astype(np.float64), 1e-12, 1)
    entropy: NDArray[np.float64] = -(shares * np.log(shares)).sum(axis=1) / np.log(max(2, shares.shape[1]))
    return entropy


def _times_255(shares: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(shares, 0, 1) * 255), np.uint8)
