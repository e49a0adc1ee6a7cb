"""Features of section images, and which of two sections belong together (thesis 3.2).

SIFT (Lowe 2004) at 64 µm after a median filter, compared as RootSIFT (Arandjelović and Zisserman 2012). The strongest
features are taken however faint they are, so that a pale stain gives as many as a dark one.
"""

from copy import copy

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.geometry.affine import Matrix, apply
from core.geometry.frames import Points, px_to_um
from core.imaging.resampling import Image

PIXEL_SIZE_UM = 64.0
_MEDIAN_PX = 3
_SMALL_PX = 1024  # images that are smaller are doubled, or SIFT finds too little
_FAINTEST, _PER_MM2, _MOST_FEATURES = 0.002, 3.0, 5000
_RATIO, _NEAR_RATIO = 0.85, 0.9  # distance to the best match over that to the second best
_BINS = np.arange(128).reshape(4, 4, 8)  # of a descriptor: rows and columns about the feature's own direction, directions
_MIRRORED_BINS = _BINS[::-1, :, -np.arange(8) % 8].ravel()


class AlignmentError(ValueError):
    """Sections cannot be aligned; the message says which and why."""


class Features:
    """Features of a section's `image`: `points_um` (n, 2) in its frame and descriptors (n, 128) of length one."""

    def __init__(self, image: Image) -> None:
        if image.dtype != np.uint8 or image.ndim != 2:
            raise AlignmentError(f"a section image is 8-bit gray (height, width), got {image.dtype} {image.shape}")
        self.image = image
        filtered = cv2.medianBlur(np.ascontiguousarray(image), _MEDIAN_PX)
        zoom = 2 if max(image.shape) < _SMALL_PX else 1
        if zoom > 1:
            filtered = cv2.resize(filtered, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        most = min(_MOST_FEATURES, round(image.size * (PIXEL_SIZE_UM / 1000) ** 2 * _PER_MM2))
        found = cv2.SIFT.create(nfeatures=most, contrastThreshold=_FAINTEST).detectAndCompute(filtered, None)
        keypoints, raw = found if found[1] is not None else ((), np.zeros((0, 128), np.float32))
        places = np.array([keypoint.pt for keypoint in keypoints], np.float64).reshape(-1, 2)
        self.points_um: Points = px_to_um(places, PIXEL_SIZE_UM / zoom)
        self.descriptors: NDArray[np.float32] = np.sqrt(raw / np.maximum(raw.sum(1, keepdims=True), 1e-9))

    def mirrored(self) -> "Features":
        """Those of the mirror image, with x negated: a descriptor's rows change places and its directions their sign."""
        other = copy(self)
        other.points_um = self.points_um * (-1, 1)
        other.descriptors = self.descriptors[:, _MIRRORED_BINS]
        return other


class Matcher:
    """Finds the matches of two sections' features; how alike every two of them are is computed once."""

    def __init__(self, source: Features, target: Features) -> None:
        self._source_um, self._target_um = source.points_um, target.points_um
        self._distances = np.maximum(2 - 2 * source.descriptors @ target.descriptors.T, 0)  # squared
        self._places = cKDTree(target.points_um)

    def everywhere(self) -> tuple[Points, Points]:
        """Points (n, 2) that are one another's best match wherever they lie, and clearly better than the second best."""
        if min(self._distances.shape) < 2:
            return np.zeros((0, 2)), np.zeros((0, 2))
        rows, best = np.arange(len(self._distances)), self._distances.argmin(1)
        two = np.partition(self._distances, 1, axis=1)
        kept = (two[:, 0] < _RATIO**2 * two[:, 1]) & (self._distances.argmin(0)[best] == rows)
        return self._source_um[rows[kept]], self._target_um[best[kept]]

    def near(self, expected: Matrix, near_um: float) -> tuple[Points, Points]:
        """The same among features no further than `near_um` from where the transform `expected` puts their partner."""
        if min(self._distances.shape) < 2:
            return np.zeros((0, 2)), np.zeros((0, 2))
        moved = cKDTree(apply(expected, self._source_um))
        close = moved.sparse_distance_matrix(self._places, near_um, output_type="ndarray")
        rows, columns = close["i"], close["j"]
        distances = self._distances[rows, columns]
        by_row, by_column = np.lexsort((distances, rows)), np.lexsort((distances, columns))
        starts = np.flatnonzero(_is_first(rows[by_row]))
        best, rivals = by_row[starts], np.diff(np.append(starts, len(rows))) > 1
        second = np.full(len(best), np.inf)
        second[rivals] = distances[by_row[starts[rivals] + 1]]
        mutual = np.zeros(len(rows), bool)
        mutual[by_column[_is_first(columns[by_column])]] = True
        kept = best[mutual[best] & (distances[best] < _NEAR_RATIO**2 * second)]
        return self._source_um[rows[kept]], self._target_um[columns[kept]]


def _is_first(ordered: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where a new value begins in an ordered array."""
    first: NDArray[np.bool_] = np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]
    return first
