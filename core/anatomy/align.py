"""Rigid alignment of neighbouring sections from image features (thesis 3.2).

Features of both images are matched; the rigid transform most of the matches agree on (RANSAC, Fischler and Bolles 1981) is
where to begin. From there matching is repeated near the place where the transform expects a feature, which finds many more of
them, and the transform is fitted to these by least squares: matches that deformation takes far are no errors, and giving them
less weight made the fit worse. A section imaged from the wrong side is found by trying its mirror image. The last fit is to
blocks of the image, which cover the tissue evenly, so that all of it counts.

Whether the result is certain is asked twice. Of the same features: near the transform there must be many more matches than
near transforms a few millimetres beside it, where all matches are chance. And of the grey levels, which know nothing of
features: the images must not agree clearly better a millimetre beside.
"""

from dataclasses import dataclass

import numpy as np

from core.anatomy.agreement import gain_beside
from core.anatomy.blocks import match_blocks
from core.anatomy.features import PIXEL_SIZE_UM, AlignmentError, Features, Matcher
from core.anatomy.rigid_fit import affine_fit, consensus, rigid_fit
from core.contracts.datasets import AlignmentQuality, AlignmentStep, RigidTransform
from core.geometry.affine import Matrix, apply, invert, rigid_matrix
from core.geometry.frames import Points
from core.imaging.resampling import Image

__all__ = ["PIXEL_SIZE_UM", "AlignmentError", "Features", "align_features", "align_pair"]

_TOLERANCE_UM = 500.0  # sections deform by hundreds of micrometres
_NEAR_UM = (1500.0, 1200.0, 1000.0)
_FEWEST_BLOCKS = 50  # fewer say less than the features
_SUPPORT_UM, _BESIDE_UM, _BESIDE = 800.0, 2500.0, 8
_TRIES = 3  # sets of agreeing matches that are followed up
_CERTAIN = 6.0  # standard deviations above chance
_RIVAL = 0.7  # an orientation whose mirror image is supported this well is not certain
_GAIN = 0.03  # of correlation a millimetre beside: right pairs gain 0.01 at most, those 0.8 mm wrong 0.03 at least
_FAR_UM = 300.0
_STRETCH = 1.2  # a free affine fit that stretches more than this fits no tissue


@dataclass(frozen=True)
class _Candidate:
    """What one side of the section gives: matched points, the transform, and its support in standard deviations."""

    matches: int
    agreeing: int
    near: Points
    partners: Points
    transform: RigidTransform
    support: float


def align_pair(section: int, successor: int, source: Image, target: Image, apart_um: float = 0.0) -> AlignmentStep:
    """The step from one image at 64 µm to the next, with its quality. Without any agreement it is the identity, and weak.

    So is any step between sections that lie more than 0.3 mm apart: where sulci run obliquely, what looks alike
    in them is not the same place, and no image says so.
    """
    return align_features(section, successor, Features(source), Features(target), apart_um)


def align_features(section: int, successor: int, source: Features, target: Features, apart_um: float = 0.0) -> AlignmentStep:
    """The same from features that are known already."""
    seen, turned_over = _candidate(Matcher(source, target)), _candidate(Matcher(source.mirrored(), target))
    mirrored = turned_over.support > seen.support
    best, rival = (turned_over, seen) if mirrored else (seen, turned_over)
    if not len(best.near):
        nothing = AlignmentQuality(matches=best.matches, inliers=best.agreeing, weak=True)
        return AlignmentStep(section=section, successor=successor, transform=RigidTransform(), quality=nothing)
    transform = _evened(source.image, target.image, best.transform, mirrored)
    residuals = np.linalg.norm(apply(rigid_matrix(transform), best.near) - best.partners, axis=1)
    clear = best.support >= _CERTAIN and rival.support < _RIVAL * best.support
    transform = transform.model_copy(update={"mirrored": mirrored})
    likely = clear and apart_um <= _FAR_UM and _is_tissue(best.near, best.partners)
    certain = likely and gain_beside(source.image, target.image, rigid_matrix(transform)) < _GAIN
    return AlignmentStep(
        section=section,
        successor=successor,
        transform=transform,
        residual_um=float(np.sqrt(np.mean(residuals**2))),
        quality=AlignmentQuality(matches=best.matches, inliers=best.agreeing, weak=not certain),
    )


def _candidate(matcher: Matcher) -> _Candidate:
    """The best supported of a few transforms that matches agree on; the first that is certain is taken."""
    points, partners = matcher.everywhere()
    nowhere = np.zeros((0, 2))
    best = _Candidate(len(points), 0, nowhere, nowhere, RigidTransform(), 0.0)
    left = np.ones(len(points), bool)
    for _ in range(_TRIES):
        agreeing = np.flatnonzero(left)[consensus(points[left], partners[left], _TOLERANCE_UM)]
        if len(agreeing) < 3 or best.support >= _CERTAIN:
            break
        left[agreeing] = False
        near, near_partners, transform = _refined(matcher, points[agreeing], partners[agreeing])
        support = _support(matcher, rigid_matrix(transform))
        if support > best.support:
            best = _Candidate(len(points), len(agreeing), near, near_partners, transform, support)
    return best


def _refined(matcher: Matcher, near: Points, partners: Points) -> tuple[Points, Points, RigidTransform]:
    """Match again near the transform that these matches give, with a circle that shrinks."""
    transform = rigid_fit(near, partners)
    for near_um in _NEAR_UM:
        again, again_partners = matcher.near(rigid_matrix(transform), near_um)
        if len(again) < 3:
            break
        near, partners = again, again_partners
        transform = rigid_fit(near, partners)
    return near, partners, transform


def _evened(source: Image, target: Image, transform: RigidTransform, mirrored: bool) -> RigidTransform:
    """The transform fitted to blocks all over the tissue, those that look alike counting more; of the mirror image's frame."""
    blocks = match_blocks(source, target, rigid_matrix(transform.model_copy(update={"mirrored": mirrored})))
    alike = np.maximum(blocks.likeness, 0.0) ** 2
    if np.count_nonzero(alike) < _FEWEST_BLOCKS:
        return transform
    return rigid_fit(apply(invert(rigid_matrix(transform)), blocks.expected), blocks.found, alike)


def _support(matcher: Matcher, transform: Matrix) -> float:
    """How many more matches there are near this transform than near others beside it, in standard deviations of chance."""
    beside = []
    for angle in np.arange(_BESIDE) * 2 * np.pi / _BESIDE:
        shifted = transform.copy()
        shifted[:2, 2] += _BESIDE_UM * np.array([np.cos(angle), np.sin(angle)])
        beside.append(len(matcher.near(shifted, _SUPPORT_UM)[0]))
    chance = float(np.mean(beside))
    # Counts of independent chance matches vary by their root; one more keeps few matches from counting as many.
    return (len(matcher.near(transform, _SUPPORT_UM)[0]) - chance) / float(np.sqrt(chance + 1))


def _is_tissue(points: Points, partners: Points) -> bool:
    """Affine check: a free fit must neither mirror once more nor stretch."""
    linear = affine_fit(points, partners)[:2, :2]
    stretches = np.linalg.svd(linear, compute_uv=False)
    return bool(np.linalg.det(linear) > 0 and stretches.max() < _STRETCH and stretches.min() > 1 / _STRETCH)
