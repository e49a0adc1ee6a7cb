import numpy as np
import pytest
from scipy import stats

from core.sampling.centres import BalancedCentres, ClassAbsentError, class_weights

OUT = 255


def two_sections():
    first = np.full((40, 50), OUT, np.uint8)
    first[:, :30], first[:10, 30:], first[10:14, 30:34] = 0, 1, 3
    second = np.full((20, 30), OUT, np.uint8)
    second[:5], second[5:8], second[8, :6] = 1, 2, 3
    return [first, second]


def test_every_class_is_a_quarter_of_the_centres():
    sections = two_sections()
    centres = BalancedCentres(sections, ("hOc1",), (901, 1021)).draw(np.random.default_rng(1), 4002)
    classes = np.array([sections[c.section_index][c.row, c.column] for c in centres])
    counts = np.bincount(classes, minlength=4)
    assert counts.sum() == 4002
    assert counts.max() - counts.min() <= 1


def test_centres_of_a_class_are_uniform_over_both_sections():
    sections = two_sections()
    centres = BalancedCentres(sections, ("hOc1",), (901, 1021)).draw(np.random.default_rng(2), 20_000)
    drawn = [(c.section_index, c.row, c.column) for c in centres if sections[c.section_index][c.row, c.column] == 3]
    _, counts = np.unique(np.array(drawn), axis=0, return_counts=True)
    assert len(counts) == 16 + 6
    assert stats.chisquare(counts).pvalue > 0.01


def test_no_centre_lies_outside_the_regions():
    sections = two_sections()
    centres = BalancedCentres(sections, ("hOc1",), (901, 1021)).draw(np.random.default_rng(3), 1000)
    assert all(sections[c.section_index][c.row, c.column] != OUT for c in centres)


def test_even_a_batch_of_four_is_balanced():
    sections = two_sections()
    balanced = BalancedCentres(sections, ("hOc1",), (901, 1021))
    for seed in range(20):
        centres = balanced.draw(np.random.default_rng(seed), 4)
        assert sorted(int(sections[c.section_index][c.row, c.column]) for c in centres) == [0, 1, 2, 3]


def test_area_missing_on_a_section_is_named():
    first, second = two_sections()
    second[second == 3] = 2
    with pytest.raises(ClassAbsentError, match="area hOc1 has no pixels in section 1021"):
        BalancedCentres([first, second], ("hOc1",), (901, 1021))


def test_an_area_missing_everywhere_is_named():
    with pytest.raises(ClassAbsentError, match=r"area hOc2 has no pixels in any of the training sections: .*check the outline"):
        BalancedCentres(two_sections(), ("hOc1", "hOc2"), (901, 1021))


def test_an_absent_auxiliary_class_is_left_out():
    labels = np.array([[2, 2, 3, 3]], np.uint8)
    balanced = BalancedCentres([labels], ("hOc1",), (901,))
    classes = [int(labels[0, c.column]) for c in balanced.draw(np.random.default_rng(0), 100)]
    assert (classes.count(2), classes.count(3)) == (50, 50)
    np.testing.assert_allclose(class_weights(balanced.counts), [0, 0, 1, 1])


def test_loss_weights_are_inverse_to_the_shares():
    weights = class_weights({0: 100, 1: 200, 2: 400, 3: 50})
    np.testing.assert_allclose(weights / weights[0], [1, 0.5, 0.25, 2])
    assert weights.mean() == pytest.approx(1)


def test_a_quarter_of_the_centres_is_of_each_class_and_every_pixel_of_a_class_is_as_likely():
    """Pearson's statistic over 16 parts of each class stays below what chance exceeds once in 10,000 times."""
    labels = np.repeat(np.array([0, 1, 1, 1, 2, 2, 2, 3], np.uint8), 64)[None].repeat(8, axis=0)
    sections = [labels, labels[:, ::-1].copy()]
    balanced = BalancedCentres(sections, ("hOc1",), (901, 1021))
    centres = balanced.draw(np.random.default_rng(0), 16_000)
    places = np.array([(c.section_index, c.row, c.column) for c in centres])
    drawn = np.stack(sections)[tuple(places.T)]
    for number in range(4):
        found = places[drawn == number]
        assert len(found) == 4000
        pixels = np.argwhere(np.stack(sections) == number)
        order = {tuple(place): index for index, place in enumerate(pixels.tolist())}
        parts = np.bincount([order[tuple(place)] * 16 // len(pixels) for place in found.tolist()], minlength=16)
        assert ((parts - 250) ** 2 / 250).sum() < 46
