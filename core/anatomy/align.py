"""Rigid alignment of neighbouring sections from image features (thesis 3.2).

Images at 64 µm, median filtered; SIFT features (Lowe 2004) compared as RootSIFT (Arandjelović and Zisserman 2012); matches
that are clearly better than the second best; the rigid transform most of them agree on (RANSAC, Fischler and Bolles 1981).
From there matching is repeated near the place where the transform expects a feature, which finds many more of them, and
the transform is fitted to these by least squares. A section imaged from the wrong side is found by trying its mirror image.
"""

from copy import copy

import cv2
import numpy as np
from numpy.typing import NDArray

from core.anatomy.rigid_fit import affine_fit, consensus, rigid_fit
from core.contracts.datasets import AlignmentQuality, AlignmentStep, RigidTransform
from core.geometry.affine import apply, rigid_matrix
from core.geometry.frames import Points, px_to_um
from core.imaging.resampling import Image

PIXEL_SIZE_UM = 64.0
_MEDIAN_PX = 3
_SMALL_PX = 1024  # images that are smaller are doubled, or SIFT finds too little
_CONTRAST, _MOST_FEATURES = 0.01, 4000
_RATIO, _NEAR_RATIO = 0.85, 0.9  # distance to the best match over that to the second best
_TOLERANCE_UM = 500.0  # sections deform by hundreds of micrometres
_NEAR_UM = (1500.0, 1200.0, 1000.0)
_FEWEST = 9  # fewer agreeing matches may agree by chance
_RIVAL = 0.7  # an orientation whose mirror image agrees this well is not certain
_BINS = np.arange(128).reshape(4, 4, 8)  # of a descriptor: rows and columns about the feature's own direction, directions
_MIRRORED_BINS = _BINS[::-1, :, -np.arange(8) % 8].ravel()
_STRETCH = 1.2  # a free affine fit that stretches more than this fits no tissue


class AlignmentError(ValueError):
    """Sections cannot be aligned; the message says which and why."""


class Features:
    """SIFT features of a section: `points_um` (n, 2) in its frame and descriptors (n, 128) of length one."""

    def __init__(self, image: Image) -> None:
        if image.dtype != np.uint8 or image.ndim != 2:
            raise AlignmentError(f"a section image is 8-bit gray (height, width), got {image.dtype} {image.shape}")
        filtered = cv2.medianBlur(np.ascontiguousarray(image), _MEDIAN_PX)
        zoom = 2 if max(image.shape) < _SMALL_PX else 1
        if zoom > 1:
            filtered = cv2.resize(filtered, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        found = cv2.SIFT.create(nfeatures=_MOST_FEATURES, contrastThreshold=_CONTRAST).detectAndCompute(filtered, None)
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


def align_pair(section: int, successor: int, source: Image, target: Image) -> AlignmentStep:
    """The step from one image at 64 µm to the next, with its quality. Without any agreement it is the identity, and weak."""
    goal = Features(target)
    seen = Features(source)
    sources = {False: seen, True: seen.mirrored()}
    tried = {mirrored: _match(features, goal) for mirrored, features in sources.items()}
    agreeing = {mirrored: int(inliers.sum()) for mirrored, (_, _, inliers) in tried.items()}
    mirrored = agreeing[True] > agreeing[False]
    points, partners, inliers = tried[mirrored]
    found = agreeing[mirrored]
    if found < 3:
        weak = AlignmentQuality(matches=len(points), inliers=found, weak=True)
        return AlignmentStep(section=section, successor=successor, transform=RigidTransform(), quality=weak)
    first = rigid_fit(points[inliers], partners[inliers])
    near, near_partners, transform = _refined(sources[mirrored], goal, first)
    residuals = np.linalg.norm(apply(rigid_matrix(transform), near) - near_partners, axis=1)
    certain = found >= _FEWEST and agreeing[not mirrored] < _RIVAL * found and _is_tissue(near, near_partners)
    return AlignmentStep(
        section=section,
        successor=successor,
        transform=transform.model_copy(update={"mirrored": mirrored}),
        residual_um=float(np.sqrt(np.mean(residuals**2))),
        quality=AlignmentQuality(matches=len(points), inliers=found, weak=not certain),
    )


def _distances(source: Features, target: Features) -> NDArray[np.float32]:
    """Squared distances of descriptors of length one, (n, m)."""
    distances: NDArray[np.float32] = np.maximum(2 - 2 * source.descriptors @ target.descriptors.T, 0)
    return distances


def _distinct(distances: NDArray[np.float32], ratio: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns that are one another's best, and clearly better than the row's second best."""
    if min(distances.shape) < 2:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    rows, best = np.arange(len(distances)), distances.argmin(1)
    two = np.partition(distances, 1, axis=1)
    kept = np.isfinite(two[:, 0]) & (two[:, 0] < ratio**2 * two[:, 1]) & (distances.argmin(0)[best] == rows)
    return rows[kept], best[kept]


def _match(source: Features, target: Features) -> tuple[Points, Points, NDArray[np.bool_]]:
    """Matched points of both images, and which of them agree on one rigid transform."""
    rows, columns = _distinct(_distances(source, target), _RATIO)
    points, partners = source.points_um[rows], target.points_um[columns]
    return points, partners, consensus(points, partners, _TOLERANCE_UM)


def _refined(source: Features, target: Features, transform: RigidTransform) -> tuple[Points, Points, RigidTransform]:
    """Match again near where the transform expects each feature, with a circle that shrinks."""
    descriptors = _distances(source, target)
    points = partners = np.zeros((0, 2))
    for near_um in _NEAR_UM:
        expected = apply(rigid_matrix(transform), source.points_um)
        gap_um = np.hypot(*(expected[:, None, axis] - target.points_um[None, :, axis] for axis in (0, 1)))
        rows, columns = _distinct(np.where(gap_um < near_um, descriptors, np.float32(np.inf)), _NEAR_RATIO)
        if len(rows) < 3:
            break
        points, partners = source.points_um[rows], target.points_um[columns]
        transform = rigid_fit(points, partners)
    return points, partners, transform


def _is_tissue(points: Points, partners: Points) -> bool:
    """Affine check: a free fit must neither mirror once more nor stretch."""
    if len(points) < _FEWEST:
        return False
    linear = affine_fit(points, partners)[:2, :2]
    stretches = np.linalg.svd(linear, compute_uv=False)
    return bool(np.linalg.det(linear) > 0 and stretches.max() < _STRETCH and stretches.min() > 1 / _STRETCH)
