import math

import numpy as np

from core.sampling.augmentation import Variation, draw_variation


def test_drawn_values_fill_the_thesis_ranges():
    generator = np.random.default_rng(0)
    drawn = [draw_variation(generator) for _ in range(4000)]
    for name, low, high in (
        ("angle_rad", -math.pi / 4, math.pi / 4),
        ("alpha", 0.9, 1.1),
        ("beta", -0.2, 0.2),
        ("gamma", 0.8, 1.214),
    ):
        values = np.array([getattr(variation, name) for variation in drawn])
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 0.03 * (high - low)


def test_intensity_table_follows_the_formula():
    table = Variation(alpha=0.9, gamma=1.2, beta=0.1).intensity_table()
    assert table.shape == (256,)
    np.testing.assert_allclose(table[100], 0.9 * (100 / 255) ** 1.2 + 0.1, rtol=1e-6)


def test_no_variation_keeps_intensities():
    np.testing.assert_allclose(Variation().intensity_table(), np.arange(256) / 255, atol=1e-7)


def test_intensity_variation_narrows_intensities_and_leaves_rotation():
    wide, narrow = (draw_variation(np.random.default_rng(3), strength) for strength in (1.0, 0.25))
    assert narrow.angle_rad == wide.angle_rad
    assert narrow.beta == wide.beta / 4
    assert math.isclose(narrow.gamma - 1, (wide.gamma - 1) / 4)
    still = draw_variation(np.random.default_rng(3), 0.0)
    assert (still.alpha, still.beta, still.gamma) == (1, 0, 1)
