"""Differences between sections."""

import numpy as np
import pytest

from core.phantom.cytoarchitecture import PROFILES, row_of, tables
from core.phantom.variation import Variation, Window, between, deformation_waves, displacement, matrix_of, section_state

WINDOW = Window((10.0, -5.0), 20.0, 16.0)


def test_deformation_has_the_wanted_root_mean_square() -> None:
    points = np.random.default_rng(0).uniform(-200_000, 200_000, (20_000, 2))
    moved = displacement(points, deformation_waves(np.random.default_rng(1), 230.0))
    assert np.sqrt((moved**2).sum(1).mean()) == pytest.approx(230, rel=0.05)


def test_deformation_is_smooth_over_half_a_millimetre() -> None:
    waves = deformation_waves(np.random.default_rng(2), 300.0)
    points = np.random.default_rng(3).uniform(0, 30_000, (2000, 2))
    step = displacement(points + np.array([500.0, 0.0]), waves) - displacement(points, waves)
    assert np.abs(step).max() < 300


def test_the_same_seed_and_number_give_the_same_section_and_others_differ() -> None:
    a, again, other = (section_state(5, number, Variation(), WINDOW) for number in (901, 901, 902))
    assert a.placement == again.placement
    assert a.cell_seed == again.cell_seed != other.cell_seed
    assert np.array_equal(a.warp.waves, again.warp.waves)


def test_the_windows_centre_comes_to_the_images_centre_up_to_the_shift() -> None:
    still = Variation(deformation_rms_um=0.0, shift_sd_um=0.0)
    placement = section_state(5, 901, still, WINDOW).placement
    centre = matrix_of(placement) @ [10_000.0, 5_000.0, 1.0]
    assert np.allclose(centre[:2], [10_000.0, 8_000.0])


def test_a_transform_between_sections_undoes_one_placement_and_applies_the_other() -> None:
    source, target = (section_state(5, number, Variation(), WINDOW).placement for number in (901, 911))
    assert np.allclose(matrix_of(between(source, target)) @ matrix_of(source), matrix_of(target))


def test_damage_is_drawn_only_where_it_is_asked_for() -> None:
    assert section_state(5, 901, Variation(), WINDOW).cracks == ()
    (crack,) = section_state(5, 901, Variation(), WINDOW, "torn").cracks
    assert crack.kind == "torn"


def test_layer_fractions_of_every_profile_fill_the_cortex() -> None:
    for profile in PROFILES.values():
        assert sum(layer.fraction for layer in profile.layers) == pytest.approx(1, abs=0.011)


def test_hoc1_has_the_densest_layer_iv_with_a_light_band_in_it_and_hoc2_has_none() -> None:
    t = tables()
    striate, neighbour = row_of("BA17"), row_of("BA18")
    depth = (np.arange(t.stain.shape[1]) + 0.5) / t.stain.shape[1]
    four = (depth > 0.42) & (depth < 0.68)
    assert t.density[striate].max() > 2 * t.density[neighbour].max()
    levels = t.stain[striate][four]
    band = int(levels[: len(levels) // 2].argmax())
    assert levels[band] > levels[:band].min() + 4
    assert levels[band] > levels[band:].min() + 10
    assert (np.diff(np.sign(np.diff(t.stain[neighbour][four]))) < 0).sum() == 0


def test_areas_without_a_profile_are_drawn_as_other_cortex() -> None:
    assert tables().names[row_of("unknown")] == "other"
