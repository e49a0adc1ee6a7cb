"""What a graph says of a section's pixels: each of the gray matter takes the area of the nearest node there (thesis 6.1.1)."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, OTHER_GRAY_MATTER
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
) -> RegionPrediction:
    """The prediction on a section of width and height `size_um` from its nodes' places (n, 2) and probabilities (n, areas).

    All areas together: the first is class AREA, the next AREA + 1, ... as in a model of several areas.
    """
    grid = RasterGrid(
        pixel_size_um=RASTER_UM, width_px=int(np.ceil(size_um[0] / RASTER_UM)), height_px=int(np.ceil(size_um[1] / RASTER_UM))
    )
    classes = resample_nearest(*tissue, grid, fill=0)
    rows, columns = np.nonzero(classes == OTHER_GRAY_MATTER)
    places = px_to_um(np.c_[columns, rows].astype(np.float64), RASTER_UM, grid.origin_um)
    distance_um, nearest = cKDTree(points_um).query(places, distance_upper_bound=mm_to_um(REACH_MM))
    reached = np.isfinite(distance_um)
    rows, columns, nearest = rows[reached], columns[reached], nearest[reached]
    labels = np.where(_around(rows, columns, classes), classes, OUTSIDE).astype(np.uint8)
    labels[classes == OTHER_GRAY_MATTER] = OUTSIDE
    labels[rows, columns] = AREA + probabilities.argmax(axis=1)[nearest]
    sure = labels != OUTSIDE
    confidence = (np.where(sure, CERTAIN, 0)).astype(np.uint8)
    confidence[rows, columns] = _times_255(probabilities.max(axis=1))[nearest]
    shares = np.zeros((probabilities.shape[1], *classes.shape), np.uint8)
    shares[:, rows, columns] = _times_255(probabilities)[nearest].T
    entropy = np.zeros(classes.shape, np.uint8)
    entropy[rows, columns] = _times_255(_entropy(probabilities))[nearest]
    return RegionPrediction(labels, confidence, shares, entropy, grid)


def _around(rows: NDArray[np.intp], columns: NDArray[np.intp], classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    gray = np.zeros(classes.shape, np.uint8)
    gray[rows, columns] = 1
    side = 2 * round(mm_to_um(RIM_MM) / RASTER_UM) + 1
    return cv2.dilate(gray, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0


def _entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of an even guess 1."""
    shares = np.clip(probabilities.astype(np.float64), 1e-12, 1)
    entropy: NDArray[np.float64] = -(shares * np.log(shares)).sum(axis=1) / np.log(max(2, shares.shape[1]))
    return entropy


def _times_255(shares: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
