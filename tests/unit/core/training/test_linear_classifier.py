import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core.contracts.features import ClassifierSettings
from core.training.linear_classifier import fit, scores

AREAS = ("a", "b", "c")


def clouds(counts, seed=0):
    """Overlapping clouds about corners that lie on very different scales."""
    generator = np.random.default_rng(seed)
    classes = np.repeat(np.arange(len(counts)), counts)
    centres = np.array([[0, 0, 300], [4, 0, 300], [0, 0.04, 300]], np.float32)
    noise = generator.normal(size=(len(classes), 3)) * [1, 0.01, 1]
    return (centres[classes] + noise).astype(np.float32), classes


def learnt(features, classes, order=None, **changes):
    everything = order or (lambda epoch: np.random.default_rng(epoch).permutation(len(classes)))
    return fit(features, classes, len(AREAS), ClassifierSettings(**changes), everything)


def test_areas_are_told_apart_whatever_the_scale_of_the_features():
    features, classes = clouds([60, 60, 60])
    asked, true = clouds([40, 40, 40], seed=1)
    assert float((learnt(features, classes).given(asked) == true).mean()) > 0.9


def test_the_order_decides_which_patches_count():
    features, classes = clouds([60, 60, 60])
    without = np.flatnonzero(classes != 1)
    assert 1 not in learnt(features, classes, lambda _: without, epochs=60).given(features[classes != 1])


def test_the_same_seed_gives_the_same_classifier():
    features, classes = clouds([20, 20, 20])
    one, two, other = (learnt(features, classes, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.weight, two.weight)
    assert not np.array_equal(one.weight, other.weight)


def test_scores_are_those_of_an_independent_implementation():
    generator = np.random.default_rng(0)
    true, given = generator.integers(0, 3, 200), generator.integers(0, 3, 200)
    found = scores(AREAS, true, given)
    precision, recall, f1, patches = precision_recall_fscore_support(true, given)
    for index, area in enumerate(found.areas):
        wanted = (precision[index], recall[index], f1[index], patches[index])
        assert (area.precision, area.recall, area.f1, area.patches) == pytest.approx(wanted)
    assert found.macro_f1 == pytest.approx(f1.mean())
    assert found.confusion == tuple(map(tuple, confusion_matrix(true, given)))


def test_an_area_without_patches_does_not_count():
    found = scores(AREAS, np.array([0, 0, 1]), np.array([0, 2, 1]))
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert (found.areas[2].f1, found.areas[2].patches) == (0, 0)
    assert scores(AREAS, np.empty(0, int), np.empty(0, int)).macro_f1 == 0
