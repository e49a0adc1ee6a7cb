"""Matches of features near where a transform expects them."""

import cv2
import numpy as np
import pytest

from core.anatomy.features import Features, Matcher


def some_features(seed: int) -> Features:
    """Features of random blobs."""
    noise = np.random.default_rng(seed).normal(size=(120, 110))
    return Features(np.clip(128 + 300 * cv2.GaussianBlur(noise, (0, 0), 2.5), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("near_um", [300.0, 1500.0])
def test_near_matches_are_those_of_comparing_every_pair(near_um: float) -> None:
    a, b = some_features(1), some_features(2)
    distances = 2 - 2 * a.descriptors @ b.descriptors.T
    gaps = np.linalg.norm(a.points_um[:, None] - b.points_um[None], axis=2)
    allowed = np.where(gaps <= near_um, distances, np.inf)
    expected = set()
    for row, column in enumerate(allowed.argmin(1)):
        first, second = np.partition(allowed[row], 1)[:2]
        if np.isfinite(first) and allowed[:, column].argmin() == row and first < 0.9**2 * second:
            expected.add((*a.points_um[row], *b.points_um[column]))
    points, partners = Matcher(a, b).near(np.eye(3), near_um)
    assert {(*point, *partner) for point, partner in zip(points, partners, strict=True)} == expected
    assert expected


def test_an_image_without_features_matches_nothing() -> None:
    blank, some = Features(np.full((120, 110), 245, np.uint8)), some_features(1)
    for one, other in ((blank, some), (some, blank), (blank, blank)):
        assert len(Matcher(one, other).everywhere()[0]) == len(Matcher(one, other).near(np.eye(3), 500.0)[0]) == 0
